// The story of tests/clients/README.md with grpc-js: node grpc.js JOURNEY MILESTONE,MILESTONE
import * as grpc from '@grpc/grpc-js';
import {loadSync} from '@grpc/proto-loader';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import protobuf from 'protobufjs';

const root = process.env.WAYMARK_ROOT ?? '.';
const folders = [join(root, 'protos'), join(root, 'protos/node_modules/google-proto-files'), '/usr/include'];
const services = ['journey/v1/journey', 'milestone/v1/customer', 'milestone/v1/event', 'milestone/v1/milestone'];
const api = grpc.loadPackageDefinition(loadSync(services.map(name => `waymark/${name}.proto`), {
  includeDirs: folders, keepCase: true, enums: String, longs: String, defaults: true, oneofs: true,
})) as any;

// Spreads calls over every replica and tries again what fails with UNAVAILABLE.
const options = {
  'grpc.service_config': readFileSync(join(root, 'deploy/service_config.json'), 'utf8'),
};
function connect(service: any, addresses: string) {
  const client = new service(`ipv4:${addresses}`, grpc.credentials.createInsecure(), options);
  // Calls with one answer as promises, each with a deadline.
  const call = (method: string, request: object) =>
      promisify(client[method].bind(client))(request, {deadline: Date.now() + 10_000}) as Promise<any>;
  return {client, call};
}

const event = (customer_id: string, number: number, type: string) => ({
  event_id: `${customer_id}-${number}`, customer_id, type,
  event_time: {seconds: Date.parse(`2026-05-04T09:0${number}:00Z`) / 1000},
});

// The fields that are wrong, of a call that was refused with INVALID_ARGUMENT.
const types = new protobuf.Root();
types.resolvePath = (_, target) => folders.map(folder => join(folder, target)).find(path => {
  try { return readFileSync(path); } catch { return false; }
}) ?? target;
types.loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto']);
function fieldsOf(error: grpc.ServiceError): string[] {
  const [packed] = error.metadata.get('grpc-status-details-bin') as Buffer[];
  const status = types.lookupType('google.rpc.Status').decode(packed) as any;
  return status.details.filter((detail: any) => detail.type_url.endsWith('google.rpc.BadRequest'))
      .flatMap((detail: any) => (types.lookupType('google.rpc.BadRequest').decode(detail.value) as any).fieldViolations)
      .map((violation: any) => violation.field);
}

async function main(journeyAddresses: string, milestoneAddresses: string) {
  const journeys = connect(api.waymark.journey.v1.JourneyService, journeyAddresses);
  const {EventService, CustomerService, MilestoneService} = api.waymark.milestone.v1;
  const events = connect(EventService, milestoneAddresses);
  const customers = connect(CustomerService, milestoneAddresses);
  const milestones = connect(MilestoneService, milestoneAddresses);

  // Apply a journey.
  const definition = JSON.parse(readFileSync(join(root, 'tests/clients/onboarding.json'), 'utf8'));
  await journeys.call('CreateJourney', {journey: {journey_id: 'onboarding', title: 'Onboarding'}});
  const {version} = await journeys.call('CreateDraft', {journey_id: 'onboarding', definition});
  const published = await journeys.call(
      'PublishVersion', {journey_id: 'onboarding', number: version.number, etag: version.etag});
  console.log('published onboarding');

  // Wait until it is in force, and remember from where to watch.
  await milestones.call(
      'GetCurrentStage', {customer_id: 'acme', consistency: {at_least_as_fresh: published.consistency_token}});
  let cursor = '';
  for await (const told of milestones.client.WatchStages({catch_up_only: true})) cursor = told.cursor;

  // Stream events.
  const stream = events.client.StreamEvents();
  stream.write({sequence: 1, events: [event('acme', 1, 'signed_up')]});
  stream.write({sequence: 2, events: [event('acme', 2, 'data_connected')]});
  stream.end();
  let acknowledged = 0;
  for await (const answer of stream) {
    acknowledged += answer.results.every((result: any) => result.outcome === 'EVENT_OUTCOME_ACCEPTED') ? 1 : 0;
  }
  console.log(`acknowledged ${acknowledged} messages`);

  // Watch stages.
  const entered: string[] = [];
  const watch = milestones.client.WatchStages({cursor});
  watch.on('error', () => {});  // That it was cancelled.
  for await (const told of watch) {
    for (const change of told.changes) if (change.kind === 'STAGE_CHANGE_KIND_ENTERED') entered.push(change.stage_key);
    if (entered.includes('adoption')) break;
  }
  watch.cancel();
  console.log(`watched: ${entered.join(', ')}`);

  // Page through a list.
  await events.call('IngestEvents', {events: Array.from({length: 7}, (_, i) => event(`customer-${i}`, 1, 'signed_up'))});
  let pages = 0, listed = 0, page_token = '';
  do {
    const page = await customers.call('ListCustomers', {page_size: 3, page_token});
    ++pages;
    listed += page.customers.length;
    page_token = page.next_page_token;
  } while (page_token);
  console.log(`listed ${listed} customers in ${pages} pages`);

  // Read what is wrong.
  try {
    await customers.call('ListCustomers', {page_size: -1});
  } catch (error) {
    const refused = error as grpc.ServiceError;
    console.log(`refused: ${grpc.status[refused.code]}, ${fieldsOf(refused)[0]}`);
  }

  // Call on while a replica is killed.
  console.log('calling');
  let failed = 0, stage = '';
  for (let i = 0; i < 300; ++i) {
    try {
      stage = (await milestones.call('GetCurrentStage', {customer_id: 'acme'})).stages.enrollments[0].stage_key;
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
