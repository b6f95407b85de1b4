// The story of tests/clients/README.md with Connect: node connect.js JOURNEY MILESTONE,MILESTONE
import {create, fromJson} from '@bufbuild/protobuf';
import {timestampFromDate} from '@bufbuild/protobuf/wkt';
import {Code, ConnectError, createClient, type Transport} from '@connectrpc/connect';
import {createGrpcTransport} from '@connectrpc/connect-node';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {BadRequestSchema} from './gen/google/rpc/error_details_pb.js';
import {JourneyDefinitionSchema} from './gen/waymark/journey/v1/definition_pb.js';
import {JourneyService} from './gen/waymark/journey/v1/journey_pb.js';
import {CustomerService} from './gen/waymark/milestone/v1/customer_pb.js';
import {EventOutcome, EventSchema, EventService} from './gen/waymark/milestone/v1/event_pb.js';
import {MilestoneService, StageChangeKind} from './gen/waymark/milestone/v1/milestone_pb.js';

// Connect knows no service config: calls are spread over the replicas, and tried again, by hand.
function connect(addresses: string): Transport {
  const config = JSON.parse(readFileSync(join(process.env.WAYMARK_ROOT ?? '.', 'deploy/service_config.json'), 'utf8'));
  const policy = config.methodConfig[0].retryPolicy;
  const replicas = addresses.split(',').map(
      address => createGrpcTransport({baseUrl: `http://${address}`, defaultTimeoutMs: 10_000}));
  let next = 0;
  return {
    async unary(...call) {
      let pause = parseFloat(policy.initialBackoff) * 1000;
      for (let attempt = 1;; ++attempt) {
        try {
          return await replicas[next++ % replicas.length].unary(...call);
        } catch (error) {
          // Connect tells a connection that was cut as ABORTED, or as a stream that was cancelled, though nobody here has.
          const {code, cause} = ConnectError.from(error);
          const cut = (cause as {code?: string})?.code === 'ECONNRESET' || (code === Code.Canceled && !call[1]?.aborted);
          const transient = code === Code.Unavailable || cut;
          if (!transient || attempt === policy.maxAttempts) throw error;
          if (attempt % replicas.length !== 0) continue;  // Another replica first.
          await new Promise(resolve => setTimeout(resolve, pause));
          pause *= policy.backoffMultiplier;
        }
      }
    },
    stream: (...call) => replicas[next++ % replicas.length].stream(...call),
  };
}

const event = (customerId: string, number: number, type: string) => create(EventSchema, {
  eventId: `${customerId}-${number}`, customerId, type,
  eventTime: timestampFromDate(new Date(`2026-05-04T09:0${number}:00Z`)),
});

async function main(journeyAddresses: string, milestoneAddresses: string) {
  const journeys = createClient(JourneyService, connect(journeyAddresses));
  const transport = connect(milestoneAddresses);
  const events = createClient(EventService, transport);
  const customers = createClient(CustomerService, transport);
  const milestones = createClient(MilestoneService, transport);

  // Apply a journey.
  const text = readFileSync(join(process.env.WAYMARK_ROOT ?? '.', 'tests/clients/onboarding.json'), 'utf8');
  const definition = fromJson(JourneyDefinitionSchema, JSON.parse(text));
  await journeys.createJourney({journey: {journeyId: 'onboarding', title: 'Onboarding'}});
  const {version} = await journeys.createDraft({journeyId: 'onboarding', definition});
  const published = await journeys.publishVersion({journeyId: 'onboarding', number: version!.number, etag: version!.etag});
  console.log('published onboarding');

  // Wait until it is in force, and remember from where to watch.
  await milestones.getCurrentStage(
      {customerId: 'acme', consistency: {requirement: {case: 'atLeastAsFresh', value: published.consistencyToken}}});
  let cursor = '';
  for await (const told of milestones.watchStages({catchUpOnly: true})) cursor = told.cursor;

  // Stream events.
  async function* messages() {
    yield {sequence: 1n, events: [event('acme', 1, 'signed_up')]};
    yield {sequence: 2n, events: [event('acme', 2, 'data_connected')]};
  }
  let acknowledged = 0;
  for await (const answer of events.streamEvents(messages())) {
    acknowledged += answer.results.every(result => result.outcome === EventOutcome.ACCEPTED) ? 1 : 0;
  }
  console.log(`acknowledged ${acknowledged} messages`);

  // Watch stages.
  const entered: string[] = [];
  const ending = new AbortController();
  try {
    for await (const told of milestones.watchStages({cursor}, {signal: ending.signal})) {
      for (const change of told.changes) if (change.kind === StageChangeKind.ENTERED) entered.push(change.stageKey);
      if (entered.includes('adoption')) ending.abort();
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  }
  console.log(`watched: ${entered.join(', ')}`);

  // Page through a list.
  await events.ingestEvents({events: Array.from({length: 7}, (_, i) => event(`customer-${i}`, 1, 'signed_up'))});
  let pages = 0, listed = 0, pageToken = '';
  do {
    const page = await customers.listCustomers({pageSize: 3, pageToken});
    ++pages;
    listed += page.customers.length;
    pageToken = page.nextPageToken;
  } while (pageToken);
  console.log(`listed ${listed} customers in ${pages} pages`);

  // Read what is wrong.
  try {
    await customers.listCustomers({pageSize: -1});
  } catch (error) {
    const refused = ConnectError.from(error);
    const [bad] = refused.findDetails(BadRequestSchema);
    console.log(`refused: ${Code[refused.code].replace(/(?!^)([A-Z])/g, '_$1').toUpperCase()}, ${bad.fieldViolations[0].field}`);
  }

  // Call on while a replica is killed.
  console.log('calling');
  let failed = 0, stage = '';
  for (let i = 0; i < 300; ++i) {
    try {
      const answer = await milestones.getCurrentStage({customerId: 'acme'});
      stage = answer.stages!.enrollments[0].stageKey;
    } catch (error) {
      ++failed;
      console.error(error);
    }
  }
  console.log(`300 calls, ${failed} failed`);
  console.log(`stage: ${stage}`);
}

await main(process.argv[2], process.argv[3]);
process.exit(0);
