"""First steps with Waymark from Python: puts a journey into force, sends events, reads where the customer stands.

    tests/clients/python/generate build/python
    PYTHONPATH=build/python /usr/bin/python3 tests/clients/python/first_steps.py 127.0.0.1:7000
"""
import datetime
import sys

import grpc
from google_rpc import error_details_pb2, status_pb2
from waymark.journey.v1 import criterion_pb2, definition_pb2, journey_pb2, journey_pb2_grpc
from waymark.milestone.v1 import event_pb2, event_pb2_grpc, milestone_pb2, milestone_pb2_grpc

SECONDS = 30  # Every call has a deadline.


def onboarding():
    """Setup ends when data is connected, adoption when three reports were run."""

    def stage(key, event_type, at_least):
        counted = criterion_pb2.EventCount(event_types=[event_type], at_least=at_least)
        milestone = definition_pb2.Milestone(
            key=event_type,
            scope=definition_pb2.SCOPE_FROM_STAGE,
            criterion=criterion_pb2.Criterion(event_count=counted),
        )
        return definition_pb2.Stage(key=key, milestones=[milestone])

    return definition_pb2.JourneyDefinition(
        entry=definition_pb2.Entry(
            triggers=[definition_pb2.Trigger(first_event=definition_pb2.FirstEvent(event_types=["signed_up"]))]
        ),
        stages=[stage("setup", "data_connected", 1), stage("adoption", "report_run", 3)],
    )


def publish(channel, journey_id, definition):
    """Creates the journey, drafts its first version and publishes it; returns a token of that moment."""
    journeys = journey_pb2_grpc.JourneyServiceStub(channel)
    journey = journey_pb2.Journey(journey_id=journey_id, title="Onboarding")
    journeys.CreateJourney(journey_pb2.CreateJourneyRequest(journey=journey), timeout=SECONDS)
    draft = journeys.CreateDraft(
        journey_pb2.CreateDraftRequest(journey_id=journey_id, definition=definition), timeout=SECONDS
    ).version
    published = journeys.PublishVersion(
        journey_pb2.PublishVersionRequest(journey_id=journey_id, number=draft.number, etag=draft.etag), timeout=SECONDS
    )
    return published.consistency_token


def send(channel, customer_id, event_types, token=""):
    """Sends one event of each type, a minute apart; returns what became of each, and a token of that moment.

    Sending the same again is safe: an event is known by its customer and its id. With the token of `publish`, the
    events are counted only once Waymark knows that journey.
    """
    start = datetime.datetime(2026, 5, 4, 9, 0)
    request = event_pb2.IngestEventsRequest(consistency_token=token)
    for minute, event_type in enumerate(event_types):
        event = request.events.add(event_id=f"{customer_id}-{minute}", customer_id=customer_id, type=event_type)
        event.event_time.FromDatetime(start + datetime.timedelta(minutes=minute))
    response = event_pb2_grpc.EventServiceStub(channel).IngestEvents(request, timeout=SECONDS)
    return [event_pb2.EventOutcome.Name(result.outcome) for result in response.results], response.consistency_token


def stage_of(channel, customer_id, token):
    """The customer's current stages by journey, as of the token's moment or later."""
    request = milestone_pb2.GetCurrentStageRequest(customer_id=customer_id)
    request.consistency.at_least_as_fresh = token
    response = milestone_pb2_grpc.MilestoneServiceStub(channel).GetCurrentStage(request, timeout=SECONDS)
    return {enrollment.journey_id: enrollment.stage_key for enrollment in response.stages.enrollments}


def details_of(error):
    """The reason of a failed call and, where fields are wrong, what is wrong with each."""
    packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
    reason, fields = "", {}
    for detail in status_pb2.Status.FromString(packed).details:
        info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(request):
            fields = {violation.field: violation.description for violation in request.field_violations}
    return reason, fields


def main():
    with grpc.insecure_channel(sys.argv[1]) as channel:
        try:
            published = publish(channel, "python-onboarding", onboarding())
            outcomes, token = send(channel, "globex", ["signed_up", "data_connected", "report_run"], published)
            print("events:", ", ".join(outcomes))
            print("globex stands at:", stage_of(channel, "globex", token))
        except grpc.RpcError as error:
            reason, fields = details_of(error)
            sys.exit(f"{error.code().name} {reason}: {error.details()} {fields or ''}")


if __name__ == "__main__":
    main()
