"""The story of tests/clients/README.md in Python: story.py JOURNEY MILESTONE,MILESTONE (see generate for the stubs)."""
import pathlib
import sys

import grpc
from google.protobuf import json_format
from google_rpc import error_details_pb2, status_pb2
from waymark.journey.v1 import definition_pb2, journey_pb2, journey_pb2_grpc
from waymark.milestone.v1 import customer_pb2, customer_pb2_grpc, event_pb2, event_pb2_grpc, milestone_pb2, milestone_pb2_grpc

ROOT = pathlib.Path(__file__).parents[3]


def connect(addresses):
    """A channel that spreads calls over every replica and tries again what fails with UNAVAILABLE."""
    config = (ROOT / "deploy/service_config.json").read_text()
    return grpc.insecure_channel("ipv4:" + addresses, options=[("grpc.service_config", config)])


def event(customer, number, event_type):
    made = event_pb2.Event(event_id=f"{customer}-{number}", customer_id=customer, type=event_type)
    made.event_time.FromJsonString(f"2026-05-04T09:0{number}:00Z")
    return made


def main(journey_addresses, milestone_addresses):
    journeys = journey_pb2_grpc.JourneyServiceStub(connect(journey_addresses))
    channel = connect(milestone_addresses)
    events = event_pb2_grpc.EventServiceStub(channel)
    customers = customer_pb2_grpc.CustomerServiceStub(channel)
    milestones = milestone_pb2_grpc.MilestoneServiceStub(channel)

    # Apply a journey.
    definition = json_format.Parse((ROOT / "tests/clients/onboarding.json").read_text(), definition_pb2.JourneyDefinition())
    journeys.CreateJourney(journey_pb2.CreateJourneyRequest(journey={"journey_id": "onboarding", "title": "Onboarding"}), timeout=10)
    draft = journeys.CreateDraft(journey_pb2.CreateDraftRequest(journey_id="onboarding", definition=definition), timeout=10).version
    published = journeys.PublishVersion(
        journey_pb2.PublishVersionRequest(journey_id="onboarding", number=draft.number, etag=draft.etag), timeout=10)
    print("published onboarding")

    # Wait until it is in force, and remember from where to watch.
    fresh = milestone_pb2.GetCurrentStageRequest(customer_id="acme", consistency={"at_least_as_fresh": published.consistency_token})
    milestones.GetCurrentStage(fresh, timeout=10)
    cursor = [told.cursor for told in milestones.WatchStages(milestone_pb2.WatchStagesRequest(catch_up_only=True), timeout=10)][-1]

    # Stream events.
    messages = [
        event_pb2.StreamEventsRequest(sequence=1, events=[event("acme", 1, "signed_up")]),
        event_pb2.StreamEventsRequest(sequence=2, events=[event("acme", 2, "data_connected")]),
    ]
    acknowledged = list(events.StreamEvents(iter(messages), timeout=10))
    assert all(result.outcome == event_pb2.EVENT_OUTCOME_ACCEPTED for answer in acknowledged for result in answer.results)
    print(f"acknowledged {len(acknowledged)} messages")

    # Watch stages.
    entered = []
    watch = milestones.WatchStages(milestone_pb2.WatchStagesRequest(cursor=cursor), timeout=10)
    for told in watch:
        entered += [change.stage_key for change in told.changes if change.kind == milestone_pb2.STAGE_CHANGE_KIND_ENTERED]
        if "adoption" in entered:
            break
    watch.cancel()
    print("watched:", ", ".join(entered))

    # Page through a list.
    events.IngestEvents(event_pb2.IngestEventsRequest(events=[event(f"customer-{i}", 1, "signed_up") for i in range(7)]), timeout=10)
    pages, listed, token = 0, 0, ""
    while pages == 0 or token:
        page = customers.ListCustomers(customer_pb2.ListCustomersRequest(page_size=3, page_token=token), timeout=10)
        pages, listed, token = pages + 1, listed + len(page.customers), page.next_page_token
    print(f"listed {listed} customers in {pages} pages")

    # Read what is wrong.
    try:
        customers.ListCustomers(customer_pb2.ListCustomersRequest(page_size=-1), timeout=10)
    except grpc.RpcError as error:
        packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
        request = error_details_pb2.BadRequest()
        for detail in status_pb2.Status.FromString(packed).details:
            detail.Unpack(request)
        print(f"refused: {error.code().name}, {request.field_violations[0].field}")

    # Call on while a replica is killed.
    print("calling", flush=True)
    failed = 0
    for _ in range(300):
        try:
            answer = milestones.GetCurrentStage(milestone_pb2.GetCurrentStageRequest(customer_id="acme"), timeout=10)
        except grpc.RpcError:
            failed += 1
    print(f"300 calls, {failed} failed")
    print("stage:", answer.stages.enrollments[0].stage_key)


main(*sys.argv[1:])
