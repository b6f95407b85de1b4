// The three kinds of things with versions and the two with editions, each by the messages of its service: what `apply`
// needs to treat them alike.
#ifndef WAYMARK_SERVICES_CLI_VERSIONED_KINDS_H_
#define WAYMARK_SERVICES_CLI_VERSIONED_KINDS_H_

#include <string>

#include "waymark/health/v1/scorecard.pb.h"
#include "waymark/journey/v1/journey.pb.h"
#include "waymark/journey/v1/persona.pb.h"
#include "waymark/journey/v1/segment.pb.h"
#include "waymark/manifest/v1/manifest.pb.h"
#include "waymark/notification/v1/playbook.pb.h"

namespace waymark::cli {

struct JourneyKind {
  using Manifest = manifest::v1::JourneyManifest;
  using Definition = journey::v1::JourneyDefinition;
  using Version = journey::v1::JourneyVersion;
  using GetRequest = journey::v1::GetJourneyRequest;
  using GetResponse = journey::v1::GetJourneyResponse;
  using CreateRequest = journey::v1::CreateJourneyRequest;
  using CreateResponse = journey::v1::CreateJourneyResponse;
  using CreateDraftRequest = journey::v1::CreateDraftRequest;
  using CreateDraftResponse = journey::v1::CreateDraftResponse;
  using GetVersionRequest = journey::v1::GetVersionRequest;
  using GetVersionResponse = journey::v1::GetVersionResponse;
  using PublishVersionRequest = journey::v1::PublishVersionRequest;
  using PublishVersionResponse = journey::v1::PublishVersionResponse;

  static constexpr char kName[] = "journey";
  static constexpr auto kPublished = journey::v1::VERSION_STATE_PUBLISHED;
  static bool IsRetired(const Version& version) { return version.state() == journey::v1::VERSION_STATE_RETIRED; }
  static const std::string& IdOf(const Manifest& manifest) { return manifest.journey_id(); }
  template <typename Request>
  static void SetId(const std::string& id, Request* request) {
    request->set_journey_id(id);
  }
  static const journey::v1::Journey& Of(const GetResponse& response) { return response.journey(); }
  static journey::v1::Journey* In(CreateRequest* request) { return request->mutable_journey(); }
  // The definition with what may be left out filled in, so that two spellings of one thing are equal.
  static Definition Normalised(Definition definition);
};

struct ScorecardKind {
  using Manifest = manifest::v1::ScorecardManifest;
  using Definition = health::v1::ScorecardDefinition;
  using Version = health::v1::ScorecardVersion;
  using GetRequest = health::v1::GetScorecardRequest;
  using GetResponse = health::v1::GetScorecardResponse;
  using CreateRequest = health::v1::CreateScorecardRequest;
  using CreateResponse = health::v1::CreateScorecardResponse;
  using CreateDraftRequest = health::v1::CreateDraftRequest;
  using CreateDraftResponse = health::v1::CreateDraftResponse;
  using GetVersionRequest = health::v1::GetVersionRequest;
  using GetVersionResponse = health::v1::GetVersionResponse;
  using PublishVersionRequest = health::v1::PublishVersionRequest;
  using PublishVersionResponse = health::v1::PublishVersionResponse;

  static constexpr char kName[] = "scorecard";
  static constexpr auto kPublished = health::v1::VERSION_STATE_PUBLISHED;
  static bool IsRetired(const Version&) { return false; }  // It stays in force until the next one.
  static const std::string& IdOf(const Manifest& manifest) { return manifest.scorecard_id(); }
  template <typename Request>
  static void SetId(const std::string& id, Request* request) {
    request->set_scorecard_id(id);
  }
  static const health::v1::Scorecard& Of(const GetResponse& response) { return response.scorecard(); }
  static health::v1::Scorecard* In(CreateRequest* request) { return request->mutable_scorecard(); }
  static Definition Normalised(Definition definition);
};

struct PlaybookKind {
  using Manifest = manifest::v1::PlaybookManifest;
  using Definition = notification::v1::PlaybookDefinition;
  using Version = notification::v1::PlaybookVersion;
  using GetRequest = notification::v1::GetPlaybookRequest;
  using GetResponse = notification::v1::GetPlaybookResponse;
  using CreateRequest = notification::v1::CreatePlaybookRequest;
  using CreateResponse = notification::v1::CreatePlaybookResponse;
  using CreateDraftRequest = notification::v1::CreateDraftRequest;
  using CreateDraftResponse = notification::v1::CreateDraftResponse;
  using GetVersionRequest = notification::v1::GetVersionRequest;
  using GetVersionResponse = notification::v1::GetVersionResponse;
  using PublishVersionRequest = notification::v1::PublishVersionRequest;
  using PublishVersionResponse = notification::v1::PublishVersionResponse;

  static constexpr char kName[] = "playbook";
  static constexpr auto kPublished = notification::v1::VERSION_STATE_PUBLISHED;
  static bool IsRetired(const Version&) { return false; }
  static const std::string& IdOf(const Manifest& manifest) { return manifest.playbook_id(); }
  template <typename Request>
  static void SetId(const std::string& id, Request* request) {
    request->set_playbook_id(id);
  }
  static const notification::v1::Playbook& Of(const GetResponse& response) { return response.playbook(); }
  static notification::v1::Playbook* In(CreateRequest* request) { return request->mutable_playbook(); }
  static Definition Normalised(Definition definition) { return definition; }  // Nothing may be left out.
};

// The two kinds of things with editions.
struct PersonaKind {
  using Manifest = manifest::v1::PersonaManifest;
  using GetRequest = journey::v1::GetPersonaRequest;
  using GetResponse = journey::v1::GetPersonaResponse;
  using CreateRequest = journey::v1::CreatePersonaRequest;
  using CreateResponse = journey::v1::CreatePersonaResponse;
  using UpdateRequest = journey::v1::UpdatePersonaRequest;
  using UpdateResponse = journey::v1::UpdatePersonaResponse;

  static const std::string& IdOf(const Manifest& manifest) { return manifest.persona_id(); }
  template <typename Message>
  static void SetId(const std::string& id, Message* message) {
    message->set_persona_id(id);
  }
  template <typename Response>
  static const journey::v1::Persona& Of(const Response& response) {
    return response.persona();
  }
  template <typename Request>
  static journey::v1::Persona* In(Request* request) {
    return request->mutable_persona();
  }
};

struct SegmentKind {
  using Manifest = manifest::v1::SegmentManifest;
  using GetRequest = journey::v1::GetSegmentRequest;
  using GetResponse = journey::v1::GetSegmentResponse;
  using CreateRequest = journey::v1::CreateSegmentRequest;
  using CreateResponse = journey::v1::CreateSegmentResponse;
  using UpdateRequest = journey::v1::UpdateSegmentRequest;
  using UpdateResponse = journey::v1::UpdateSegmentResponse;

  static const std::string& IdOf(const Manifest& manifest) { return manifest.segment_id(); }
  template <typename Message>
  static void SetId(const std::string& id, Message* message) {
    message->set_segment_id(id);
  }
  template <typename Response>
  static const journey::v1::Segment& Of(const Response& response) {
    return response.segment();
  }
  template <typename Request>
  static journey::v1::Segment* In(Request* request) {
    return request->mutable_segment();
  }
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_VERSIONED_KINDS_H_
