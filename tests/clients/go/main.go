// The story of tests/clients/README.md in Go: story JOURNEY MILESTONE,MILESTONE
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // Watches health, as the service config asks.
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	journey "waymark.dev/gen/waymark/journey/v1"
	milestone "waymark.dev/gen/waymark/milestone/v1"
	types "waymark.dev/gen/waymark/type/v1"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func read(path string) []byte {
	return must(os.ReadFile(filepath.Join(os.Getenv("WAYMARK_ROOT"), path)))
}

// connect spreads calls over every replica and tries again what fails with UNAVAILABLE. In a cluster the target is
// dns:///waymark-milestone:7000 and the resolver is DNS.
func connect(addresses string) *grpc.ClientConn {
	replicas := manual.NewBuilderWithScheme("replicas")
	var state resolver.State
	for _, address := range strings.Split(addresses, ",") {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: address})
	}
	replicas.InitialState(state)
	return must(grpc.NewClient("replicas:///", grpc.WithResolvers(replicas),
		grpc.WithDefaultServiceConfig(string(read("deploy/service_config.json"))),
		grpc.WithTransportCredentials(insecure.NewCredentials())))
}

func event(customer string, number int, kind string) *milestone.Event {
	return &milestone.Event{EventId: fmt.Sprintf("%s-%d", customer, number), CustomerId: customer, Type: kind,
		EventTime: timestamppb.New(time.Date(2026, 5, 4, 9, number, 0, 0, time.UTC))}
}

// deadline is what every call has.
func deadline() context.Context {
	ctx, _ := context.WithTimeout(context.Background(), 10*time.Second)
	return ctx
}

func main() {
	journeys := journey.NewJourneyServiceClient(connect(os.Args[1]))
	channel := connect(os.Args[2])
	events := milestone.NewEventServiceClient(channel)
	customers := milestone.NewCustomerServiceClient(channel)
	milestones := milestone.NewMilestoneServiceClient(channel)

	// Apply a journey.
	var definition journey.JourneyDefinition
	if err := protojson.Unmarshal(read("tests/clients/onboarding.json"), &definition); err != nil {
		log.Fatal(err)
	}
	must(journeys.CreateJourney(deadline(), &journey.CreateJourneyRequest{
		Journey: &journey.Journey{JourneyId: "onboarding", Title: "Onboarding"}}))
	draft := must(journeys.CreateDraft(deadline(), &journey.CreateDraftRequest{JourneyId: "onboarding", Definition: &definition})).Version
	published := must(journeys.PublishVersion(deadline(), &journey.PublishVersionRequest{
		JourneyId: "onboarding", Number: draft.Number, Etag: draft.Etag}))
	fmt.Println("published onboarding")

	// Wait until it is in force, and remember from where to watch.
	must(milestones.GetCurrentStage(deadline(), &milestone.GetCurrentStageRequest{CustomerId: "acme",
		Consistency: &types.Consistency{Requirement: &types.Consistency_AtLeastAsFresh{AtLeastAsFresh: published.ConsistencyToken}}}))
	cursor := ""
	caughtUp := must(milestones.WatchStages(deadline(), &milestone.WatchStagesRequest{CatchUpOnly: true}))
	for {
		told, err := caughtUp.Recv()
		if err == io.EOF {
			break
		}
		cursor = must(told, err).Cursor
	}

	// Stream events.
	stream := must(events.StreamEvents(deadline()))
	for i, kind := range []string{"signed_up", "data_connected"} {
		if err := stream.Send(&milestone.StreamEventsRequest{Sequence: int64(i + 1), Events: []*milestone.Event{event("acme", i+1, kind)}}); err != nil {
			log.Fatal(err)
		}
	}
	stream.CloseSend()
	acknowledged := 0
	for {
		answer, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if must(answer, err).Results[0].Outcome == milestone.EventOutcome_EVENT_OUTCOME_ACCEPTED {
			acknowledged++
		}
	}
	fmt.Printf("acknowledged %d messages\n", acknowledged)

	// Watch stages.
	var entered []string
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	watch := must(milestones.WatchStages(ctx, &milestone.WatchStagesRequest{Cursor: cursor}))
	for len(entered) < 2 {
		for _, change := range must(watch.Recv()).Changes {
			if change.Kind == milestone.StageChangeKind_STAGE_CHANGE_KIND_ENTERED {
				entered = append(entered, change.StageKey)
			}
		}
	}
	cancel()
	fmt.Println("watched:", strings.Join(entered, ", "))

	// Page through a list.
	more := &milestone.IngestEventsRequest{}
	for i := 0; i < 7; i++ {
		more.Events = append(more.Events, event(fmt.Sprintf("customer-%d", i), 1, "signed_up"))
	}
	must(events.IngestEvents(deadline(), more))
	pages, listed, token := 0, 0, ""
	for pages == 0 || token != "" {
		page := must(customers.ListCustomers(deadline(), &milestone.ListCustomersRequest{PageSize: 3, PageToken: token}))
		pages, listed, token = pages+1, listed+len(page.Customers), page.NextPageToken
	}
	fmt.Printf("listed %d customers in %d pages\n", listed, pages)

	// Read what is wrong.
	_, err := customers.ListCustomers(deadline(), &milestone.ListCustomersRequest{PageSize: -1})
	refused := status.Convert(err)
	for _, detail := range refused.Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			name := map[string]string{"InvalidArgument": "INVALID_ARGUMENT"}[refused.Code().String()]
			fmt.Printf("refused: %s, %s\n", name, bad.FieldViolations[0].Field)
		}
	}

	// Call on while a replica is killed.
	fmt.Println("calling")
	failed, stage := 0, ""
	for i := 0; i < 300; i++ {
		answer, err := milestones.GetCurrentStage(deadline(), &milestone.GetCurrentStageRequest{CustomerId: "acme"})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			failed++
			continue
		}
		stage = answer.Stages.Enrollments[0].StageKey
	}
	fmt.Printf("300 calls, %d failed\n", failed)
	fmt.Println("stage:", stage)
}
