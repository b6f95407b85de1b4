// The story of tests/clients/README.md in Java: story JOURNEY MILESTONE,MILESTONE
package dev.waymark;

import com.google.gson.Gson;
import com.google.protobuf.util.JsonFormat;
import com.google.protobuf.util.Timestamps;
import com.google.rpc.BadRequest;
import io.grpc.EquivalentAddressGroup;
import io.grpc.ManagedChannel;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import waymark.journey.v1.Definition.JourneyDefinition;
import waymark.journey.v1.JourneyOuterClass.CreateDraftRequest;
import waymark.journey.v1.JourneyOuterClass.CreateJourneyRequest;
import waymark.journey.v1.JourneyOuterClass.Journey;
import waymark.journey.v1.JourneyOuterClass.PublishVersionRequest;
import waymark.journey.v1.JourneyServiceGrpc;
import waymark.milestone.v1.CustomerOuterClass.ListCustomersRequest;
import waymark.milestone.v1.CustomerServiceGrpc;
import waymark.milestone.v1.EventOuterClass.Event;
import waymark.milestone.v1.EventOuterClass.EventOutcome;
import waymark.milestone.v1.EventOuterClass.IngestEventsRequest;
import waymark.milestone.v1.EventOuterClass.StreamEventsRequest;
import waymark.milestone.v1.EventOuterClass.StreamEventsResponse;
import waymark.milestone.v1.EventServiceGrpc;
import waymark.milestone.v1.Milestone.GetCurrentStageRequest;
import waymark.milestone.v1.Milestone.StageChangeKind;
import waymark.milestone.v1.Milestone.WatchStagesRequest;
import waymark.milestone.v1.MilestoneServiceGrpc;
import waymark.type.v1.ConsistencyOuterClass.Consistency;

public final class Story {
  private static String read(String path) throws Exception {
    return Files.readString(Path.of(System.getenv("WAYMARK_ROOT"), path));
  }

  // Replicas by their addresses. In a cluster the target is dns:///waymark-milestone:7000, and this is not needed.
  private static final class Replicas extends NameResolverProvider {
    @Override
    public NameResolver newNameResolver(URI target, NameResolver.Args arguments) {
      return new NameResolver() {
        @Override
        public String getServiceAuthority() {
          return "replicas";
        }

        @Override
        public void start(Listener2 listener) {
          List<EquivalentAddressGroup> groups = new ArrayList<>();
          for (String address : target.getPath().substring(1).split(",")) {
            String[] parts = address.split(":");
            groups.add(new EquivalentAddressGroup(new InetSocketAddress(parts[0], Integer.parseInt(parts[1]))));
          }
          listener.onResult(ResolutionResult.newBuilder().setAddresses(groups).build());
        }

        @Override
        public void shutdown() {}
      };
    }

    @Override
    public String getDefaultScheme() {
      return "replicas";
    }

    @Override
    public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
      return List.of(InetSocketAddress.class);
    }

    @Override
    protected boolean isAvailable() {
      return true;
    }

    @Override
    protected int priority() {
      return 5;
    }
  }

  // Spreads calls over every replica and tries again what fails with UNAVAILABLE.
  @SuppressWarnings("unchecked")
  private static ManagedChannel connect(String addresses) throws Exception {
    Map<String, ?> config = new Gson().fromJson(read("deploy/service_config.json"), Map.class);
    return NettyChannelBuilder.forTarget("replicas:///" + addresses)
        .defaultServiceConfig(config)
        .enableRetry()
        .usePlaintext()
        .build();
  }

  // Every call has a deadline.
  private static <T extends AbstractStub<T>> T soon(T stub) {
    return stub.withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  private static Event event(String customer, int number, String type) throws Exception {
    return Event.newBuilder()
        .setEventId(customer + "-" + number)
        .setCustomerId(customer)
        .setType(type)
        .setEventTime(Timestamps.parse("2026-05-04T09:0" + number + ":00Z"))
        .build();
  }

  public static void main(String[] arguments) throws Exception {
    NameResolverRegistry.getDefaultRegistry().register(new Replicas());
    var journeys = JourneyServiceGrpc.newBlockingStub(connect(arguments[0]));
    ManagedChannel channel = connect(arguments[1]);
    var events = EventServiceGrpc.newBlockingStub(channel);
    var customers = CustomerServiceGrpc.newBlockingStub(channel);
    var milestones = MilestoneServiceGrpc.newBlockingStub(channel);

    // Apply a journey.
    var definition = JourneyDefinition.newBuilder();
    JsonFormat.parser().merge(read("tests/clients/onboarding.json"), definition);
    var journey = Journey.newBuilder().setJourneyId("onboarding").setTitle("Onboarding");
    soon(journeys).createJourney(CreateJourneyRequest.newBuilder().setJourney(journey).build());
    var draft = soon(journeys)
        .createDraft(CreateDraftRequest.newBuilder().setJourneyId("onboarding").setDefinition(definition).build())
        .getVersion();
    var published = soon(journeys)
        .publishVersion(PublishVersionRequest.newBuilder()
            .setJourneyId("onboarding").setNumber(draft.getNumber()).setEtag(draft.getEtag()).build());
    System.out.println("published onboarding");

    // Wait until it is in force, and remember from where to watch.
    var fresh = Consistency.newBuilder().setAtLeastAsFresh(published.getConsistencyToken());
    soon(milestones).getCurrentStage(
        GetCurrentStageRequest.newBuilder().setCustomerId("acme").setConsistency(fresh).build());
    String cursor = "";
    var caughtUp = soon(milestones).watchStages(WatchStagesRequest.newBuilder().setCatchUpOnly(true).build());
    while (caughtUp.hasNext()) cursor = caughtUp.next().getCursor();

    // Stream events.
    var acknowledged = new AtomicInteger();
    var ended = new CountDownLatch(1);
    var messages = soon(EventServiceGrpc.newStub(channel)).streamEvents(new StreamObserver<StreamEventsResponse>() {
      @Override
      public void onNext(StreamEventsResponse answer) {
        if (answer.getResults(0).getOutcome() == EventOutcome.EVENT_OUTCOME_ACCEPTED) acknowledged.incrementAndGet();
      }

      @Override
      public void onError(Throwable error) {
        error.printStackTrace();
        ended.countDown();
      }

      @Override
      public void onCompleted() {
        ended.countDown();
      }
    });
    messages.onNext(StreamEventsRequest.newBuilder().setSequence(1).addEvents(event("acme", 1, "signed_up")).build());
    messages.onNext(
        StreamEventsRequest.newBuilder().setSequence(2).addEvents(event("acme", 2, "data_connected")).build());
    messages.onCompleted();
    ended.await();
    System.out.println("acknowledged " + acknowledged + " messages");

    // Watch stages.
    List<String> entered = new ArrayList<>();
    var watch = soon(milestones).watchStages(WatchStagesRequest.newBuilder().setCursor(cursor).build());
    while (entered.size() < 2) {
      for (var change : watch.next().getChangesList()) {
        if (change.getKind() == StageChangeKind.STAGE_CHANGE_KIND_ENTERED) entered.add(change.getStageKey());
      }
    }
    System.out.println("watched: " + String.join(", ", entered));

    // Page through a list.
    var more = IngestEventsRequest.newBuilder();
    for (int i = 0; i < 7; ++i) more.addEvents(event("customer-" + i, 1, "signed_up"));
    soon(events).ingestEvents(more.build());
    int pages = 0;
    int listed = 0;
    String token = "";
    do {
      var page = soon(customers)
          .listCustomers(ListCustomersRequest.newBuilder().setPageSize(3).setPageToken(token).build());
      ++pages;
      listed += page.getCustomersCount();
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    System.out.println("listed " + listed + " customers in " + pages + " pages");

    // Read what is wrong.
    try {
      soon(customers).listCustomers(ListCustomersRequest.newBuilder().setPageSize(-1).build());
    } catch (StatusRuntimeException refused) {
      for (var detail : StatusProto.fromThrowable(refused).getDetailsList()) {
        if (!detail.is(BadRequest.class)) continue;
        String field = detail.unpack(BadRequest.class).getFieldViolations(0).getField();
        System.out.println("refused: " + refused.getStatus().getCode() + ", " + field);
      }
    }

    // Call on while a replica is killed.
    System.out.println("calling");
    int failed = 0;
    String stage = "";
    for (int i = 0; i < 300; ++i) {
      try {
        stage = soon(milestones).getCurrentStage(GetCurrentStageRequest.newBuilder().setCustomerId("acme").build())
            .getStages().getEnrollments(0).getStageKey();
      } catch (StatusRuntimeException error) {
        System.err.println(error);
        ++failed;
      }
    }
    System.out.println("300 calls, " + failed + " failed");
    System.out.println("stage: " + stage);
    System.exit(0);
  }
}
