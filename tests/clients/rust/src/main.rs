//! The story of tests/clients/README.md in Rust: story JOURNEY MILESTONE,MILESTONE
use std::{env, error::Error, path::Path, time::Duration};

use prost_types::Timestamp;
use tokio_stream::StreamExt;
use tonic::{transport::{Channel, Endpoint}, Code, Request, Status};
use tonic_types::StatusExt;

#[allow(dead_code)]
mod gen {
    include!(concat!(env!("OUT_DIR"), "/waymark.rs"));
}
use gen::waymark::journey::v1 as journey;
use gen::waymark::milestone::v1 as milestone;
use gen::waymark::r#type::v1 as types;
use journey::journey_service_client::JourneyServiceClient;
use milestone::{
    customer_service_client::CustomerServiceClient, event_service_client::EventServiceClient,
    milestone_service_client::MilestoneServiceClient,
};

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(&env::var("WAYMARK_ROOT").unwrap()).join(path)).unwrap()
}

/// Spreads calls over every replica. tonic knows no service config: `retry` tries again.
fn connect(addresses: &str) -> Channel {
    Channel::balance_list(addresses.split(',').map(|address| {
        Endpoint::from_shared(format!("http://{address}")).unwrap().timeout(Duration::from_secs(10))
    }))
}

/// Calls again what fails with UNAVAILABLE, or is cut, as the service config says.
async fn retry<T, F: std::future::Future<Output = Result<T, Status>>>(mut call: impl FnMut() -> F) -> Result<T, Status> {
    let config: serde_json::Value = serde_json::from_str(&read("deploy/service_config.json")).unwrap();
    let attempts = config["methodConfig"][0]["retryPolicy"]["maxAttempts"].as_u64().unwrap();
    let mut pause = Duration::from_millis(100);
    for _ in 1..attempts {
        match call().await {
            // hyper tells a connection that was cut, or refused, as UNKNOWN with a source.
            Err(status) if status.code() == Code::Unavailable || std::error::Error::source(&status).is_some() => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            answer => return answer,
        }
    }
    call().await
}

fn event(customer: &str, number: i64, kind: &str) -> milestone::Event {
    milestone::Event {
        event_id: format!("{customer}-{number}"),
        customer_id: customer.into(),
        r#type: kind.into(),
        event_time: Some(Timestamp { seconds: 1_777_885_200 + 60 * number, nanos: 0 }), // 2026-05-04 9:00.
        ..Default::default()
    }
}

/// The definition in tests/clients/onboarding.json, by hand: prost reads no JSON.
fn onboarding() -> journey::JourneyDefinition {
    let stage = |key: &str, event_type: &str, at_least| {
        let counted = journey::EventCount { event_types: vec![event_type.into()], at_least, ..Default::default() };
        let criterion = journey::Criterion { kind: Some(journey::criterion::Kind::EventCount(counted)) };
        let milestone = journey::Milestone {
            key: event_type.into(),
            scope: journey::Scope::FromStage as i32,
            criterion: Some(criterion),
            ..Default::default()
        };
        journey::Stage { key: key.into(), milestones: vec![milestone], ..Default::default() }
    };
    let first = journey::FirstEvent { event_types: vec!["signed_up".into()], ..Default::default() };
    let trigger = journey::Trigger { kind: Some(journey::trigger::Kind::FirstEvent(first)) };
    journey::JourneyDefinition {
        entry: Some(journey::Entry { triggers: vec![trigger], ..Default::default() }),
        stages: vec![stage("setup", "data_connected", 1), stage("adoption", "report_run", 3)],
        ..Default::default()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().collect();
    let mut journeys = JourneyServiceClient::new(connect(&arguments[1]));
    let channel = connect(&arguments[2]);
    let mut events = EventServiceClient::new(channel.clone());
    let mut customers = CustomerServiceClient::new(channel.clone());
    let mut milestones = MilestoneServiceClient::new(channel);

    // Apply a journey.
    let made = journey::Journey { journey_id: "onboarding".into(), title: "Onboarding".into(), ..Default::default() };
    journeys.create_journey(journey::CreateJourneyRequest { journey: Some(made), ..Default::default() }).await?;
    let draft = journeys
        .create_draft(journey::CreateDraftRequest {
            journey_id: "onboarding".into(),
            definition: Some(onboarding()),
            ..Default::default()
        })
        .await?
        .into_inner()
        .version
        .unwrap();
    let published = journeys
        .publish_version(journey::PublishVersionRequest {
            journey_id: "onboarding".into(),
            number: draft.number,
            etag: draft.etag,
            ..Default::default()
        })
        .await?
        .into_inner();
    println!("published onboarding");

    // Wait until it is in force, and remember from where to watch.
    let fresh = types::consistency::Requirement::AtLeastAsFresh(published.consistency_token);
    let stage_of = |customer: &str, requirement| milestone::GetCurrentStageRequest {
        customer_id: customer.into(),
        consistency: Some(types::Consistency { requirement }),
        ..Default::default()
    };
    milestones.get_current_stage(stage_of("acme", Some(fresh))).await?;
    let mut caught_up = milestones
        .watch_stages(milestone::WatchStagesRequest { catch_up_only: true, ..Default::default() })
        .await?
        .into_inner();
    let mut cursor = String::new();
    while let Some(told) = caught_up.message().await? {
        cursor = told.cursor;
    }

    // Stream events.
    let messages = tokio_stream::iter(["signed_up", "data_connected"].iter().enumerate().map(|(i, kind)| {
        let number = i as i64 + 1;
        milestone::StreamEventsRequest { sequence: number, events: vec![event("acme", number, kind)], ..Default::default() }
    }));
    let answers = events.stream_events(Request::new(messages)).await?.into_inner();
    let acknowledged = answers
        .filter(|answer| answer.as_ref().is_ok_and(|answer| answer.results[0].outcome() == milestone::EventOutcome::Accepted))
        .collect::<Vec<_>>()
        .await
        .len();
    println!("acknowledged {acknowledged} messages");

    // Watch stages.
    let mut watch =
        milestones.watch_stages(milestone::WatchStagesRequest { cursor, ..Default::default() }).await?.into_inner();
    let mut entered = Vec::new();
    while entered.len() < 2 {
        let told = watch.message().await?.ok_or("the watch has ended")?;
        for change in told.changes {
            if change.kind() == milestone::StageChangeKind::Entered {
                entered.push(change.stage_key);
            }
        }
    }
    drop(watch);
    println!("watched: {}", entered.join(", "));

    // Page through a list.
    let more = (0..7).map(|i| event(&format!("customer-{i}"), 1, "signed_up")).collect();
    events.ingest_events(milestone::IngestEventsRequest { events: more, ..Default::default() }).await?;
    let (mut pages, mut listed, mut page_token) = (0, 0, String::new());
    while pages == 0 || !page_token.is_empty() {
        let request = milestone::ListCustomersRequest { page_size: 3, page_token, ..Default::default() };
        let page = customers.list_customers(request).await?.into_inner();
        pages += 1;
        listed += page.customers.len();
        page_token = page.next_page_token;
    }
    println!("listed {listed} customers in {pages} pages");

    // Read what is wrong.
    let wrong = milestone::ListCustomersRequest { page_size: -1, ..Default::default() };
    let refused = customers.list_customers(wrong).await.unwrap_err();
    let name = if refused.code() == Code::InvalidArgument { "INVALID_ARGUMENT" } else { "?" };
    println!("refused: {name}, {}", refused.get_details_bad_request().unwrap().field_violations[0].field);

    // Call on while a replica is killed.
    println!("calling");
    let (mut failed, mut stage) = (0, String::new());
    for _ in 0..300 {
        let answer = retry(|| {
            let mut client = milestones.clone();
            let request = stage_of("acme", None);
            async move { client.get_current_stage(request).await }
        });
        match answer.await {
            Ok(answer) => stage = answer.into_inner().stages.unwrap().enrollments[0].stage_key.clone(),
            Err(status) => {
                eprintln!("{status:?}");
                failed += 1;
            }
        }
    }
    println!("300 calls, {failed} failed");
    println!("stage: {stage}");
    Ok(())
}
