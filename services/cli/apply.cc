#include "services/cli/apply.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "services/cli/findings.h"
#include "services/cli/journey_diff.h"
#include "services/cli/manifests.h"
#include "services/cli/publication.h"
#include "services/cli/table.h"
#include "services/cli/versioned_kinds.h"
#include "services/rules/convert/canonical.h"
#include "services/rules/convert/definition.h"
#include "services/rules/convert/diff.h"
#include "services/rules/convert/scenario.h"
#include "services/rules/journey.h"
#include "services/rules/scenario.h"
#include "waymark/notification/v1/channel.pb.h"

namespace waymark::cli {
namespace {

using manifest::v1::Manifest;

absl::Status Problems(int64_t count) {
  return absl::FailedPreconditionError(absl::StrCat(Count(count, "problem"), " found, see above; nothing was changed"));
}

// A refusal, with the fields it names told by their place in the file.
absl::Status Refused(const Session& session, const SourcedManifest& source, const absl::Status& status) {
  const std::vector<FieldViolation> violations = ViolationsOf(status);
  if (violations.empty()) return status;
  for (const FieldViolation& violation : violations) {
    session.err << Locate(source, violation.field, violation.description) << "\n";
  }
  return absl::FailedPreconditionError(
      absl::StrCat(NameOf(source.manifest), " was refused: ", Count(static_cast<int64_t>(violations.size()), "problem"),
                   ", see above"));
}

// Asks the server about a journey, and looks at everything else here.
absl::StatusOr<std::vector<rules::Finding>> Check(const Session& session, const SourcedManifest& source,
                                                  const std::vector<SourcedManifest>& all,
                                                  journey::v1::ValidateVersionRequest request) {
  if (!source.manifest.has_journey()) return CheckOffline(source, all);
  std::vector<rules::Finding> findings = CheckAround(source);
  request.set_journey_id(source.manifest.journey().journey_id());
  *request.mutable_definition() = source.manifest.journey().definition();
  ASSIGN_OR_RETURN(const auto answer, session.client.Get<journey::v1::ValidateVersionResponse>(request));
  for (const journey::v1::Finding& finding : answer.findings()) {
    findings.push_back({.code = finding.code(),
                        .path = PathInDefinition(finding.path()),
                        .message = finding.message(),
                        .hint = finding.hint(),
                        .severity = finding.severity() == journey::v1::SEVERITY_WARNING ? rules::Severity::kWarning
                                                                                        : rules::Severity::kError});
  }
  return findings;
}

// The segments that a definition names, as they will be: in the editions that it pins, else as the files say, else the
// newest ones. What nobody knows is left out.
std::vector<rules::SegmentRule> SegmentsOf(const Session& session, const journey::v1::JourneyDefinition& definition,
                                           const std::vector<SourcedManifest>& all) {
  const std::vector<rules::SegmentRule> in_files = SegmentRulesIn(all);
  std::vector<rules::SegmentRule> segments;
  for (const journey::v1::SegmentRef& ref : definition.segments()) {
    const auto known = std::find_if(in_files.begin(), in_files.end(), [&](const rules::SegmentRule& segment) {
      return segment.segment_id == ref.segment_id();
    });
    if (ref.number() == 0 && known != in_files.end()) {
      segments.push_back(*known);
      continue;
    }
    journey::v1::GetSegmentRequest get;
    get.set_segment_id(ref.segment_id());
    get.set_number(ref.number());
    const auto found = session.client.Get<journey::v1::GetSegmentResponse>(get);
    if (found.ok()) {
      segments.push_back({ref.segment_id(), rules::FromProto(found->segment().definition().criterion())});
    }
  }
  return segments;
}

// Tells the scenarios of a journey that do not hold, without which it is not published; how many.
int64_t Rehearse(const Session& session, const SourcedManifest& source, const std::vector<SourcedManifest>& all) {
  const journey::v1::JourneyDefinition& definition = source.manifest.journey().definition();
  const std::vector<rules::Scenario> scenarios = rules::ScenariosOf(definition);
  if (scenarios.empty()) return 0;
  const rules::Journey journey({.journey_id = source.manifest.journey().journey_id(),
                                .number = 1,
                                .definition = rules::FromProto(definition),
                                .segments = SegmentsOf(session, definition, all)});
  int64_t failed = 0;
  for (size_t i = 0; i < scenarios.size(); ++i) {
    const rules::ScenarioResult result = rules::RunScenario(journey, scenarios[i]);
    failed += result.failures.empty() ? 0 : 1;
    for (const std::string& failure : result.failures) {
      session.err << Locate(source, PathInDefinition(absl::StrCat("scenarios[", i, "]")), failure) << "\n";
    }
  }
  return failed;
}

// Tells everything that is wrong with any of the manifests; journeys are looked at together with what is made beside
// them.
absl::Status CheckAll(const Session& session, const ApplyOptions& options,
                      const std::vector<SourcedManifest>& sources) {
  journey::v1::ValidateVersionRequest request;
  for (const SourcedManifest& source : sources) {
    if (source.manifest.has_persona()) request.add_assumed_persona_ids(source.manifest.persona().persona_id());
    if (source.manifest.has_segment()) request.add_assumed_segment_ids(source.manifest.segment().segment_id());
    if (source.manifest.has_journey()) request.add_assumed_journey_ids(source.manifest.journey().journey_id());
  }
  Tally tally;
  int64_t failed = 0;
  for (const SourcedManifest& source : sources) {
    ASSIGN_OR_RETURN(const std::vector<rules::Finding> findings, Check(session, source, sources, request));
    Tell(source, findings, session.err, &tally);
  }
  // Of what is wrong nothing can be run.
  for (const SourcedManifest& source : sources) {
    const bool runs = options.publish && source.manifest.has_journey() && tally.errors == 0;
    if (runs) failed += Rehearse(session, source, sources);
  }
  return tally.errors + failed == 0 ? absl::OkStatus() : Problems(tally.errors + failed);
}

absl::Status Archived(const SourcedManifest& source) {
  return absl::FailedPreconditionError(
      absl::StrCat(NameOf(source.manifest), " is archived and does not change any more"));
}

template <typename Kind>
absl::StatusOr<uint32_t> CreateDraft(const Session& session, const typename Kind::Manifest& manifest, bool exists) {
  if (!exists) {
    typename Kind::CreateRequest create;
    Kind::SetId(Kind::IdOf(manifest), Kind::In(&create));
    Kind::In(&create)->set_title(manifest.title().empty() ? Kind::IdOf(manifest) : manifest.title());
    create.set_request_id(NewId(absl::Now()));
    RETURN_IF_ERROR(session.client.Get<typename Kind::CreateResponse>(create).status());
  }
  typename Kind::CreateDraftRequest draft;
  Kind::SetId(Kind::IdOf(manifest), &draft);
  *draft.mutable_definition() = manifest.definition();
  draft.set_request_id(NewId(absl::Now()));
  ASSIGN_OR_RETURN(const auto answer, session.client.Get<typename Kind::CreateDraftResponse>(draft));
  return answer.version().number();
}

// Writes the newest edition of every persona and segment down where it is left open, as publishing has done in the
// version that is there: so what says the same is seen to say the same. What the server does not know stays open.
void Pin(const Session& session, journey::v1::JourneyDefinition* definition) {
  const auto pin = [&]<typename Kind>(const Kind&, auto* refs, const auto& id_of) {
    for (auto& ref : *refs) {
      if (ref.number() != 0) continue;
      typename Kind::GetRequest get;
      Kind::SetId(id_of(ref), &get);
      const auto found = session.client.Get<typename Kind::GetResponse>(get);
      if (found.ok()) ref.set_number(Kind::Of(*found).number());
    }
  };
  pin(PersonaKind(), definition->mutable_personas(), [](const auto& ref) { return ref.persona_id(); });
  pin(SegmentKind(), definition->mutable_segments(), [](const auto& ref) { return ref.segment_id(); });
}

// Applies one journey, scorecard or playbook.
template <typename Kind>
absl::Status ApplyVersioned(const Session& session, const ApplyOptions& options, const SourcedManifest& source,
                            const typename Kind::Manifest& manifest) {
  const std::string& id = Kind::IdOf(manifest);
  typename Kind::GetRequest get;
  Kind::SetId(id, &get);
  const auto found = session.client.Get<typename Kind::GetResponse>(get);
  if (!found.ok() && !absl::IsNotFound(found.status())) return Refused(session, source, found.status());
  const uint32_t published = found.ok() ? Kind::Of(*found).latest_published_number() : 0;
  ASSIGN_OR_RETURN(const auto newest, FindNewest<Kind>(session, id, published));

  auto wanted = Kind::Normalised(manifest.definition());
  if constexpr (std::is_same_v<Kind, JourneyKind>) {
    if (newest.has_value() && newest->state() == Kind::kPublished) Pin(session, &wanted);
  }
  const auto present = newest.has_value() ? Kind::Normalised(newest->definition()) : typename Kind::Definition();
  const bool same = newest.has_value() && google::protobuf::util::MessageDifferencer::Equals(wanted, present);
  uint32_t number = newest.has_value() ? newest->number() : 0;
  bool is_draft = !same || newest->state() != Kind::kPublished;

  if constexpr (std::is_same_v<Kind, JourneyKind>) {
    const bool changes = !same || (options.publish && is_draft);
    if (changes && found.ok() && Kind::Of(*found).has_archive_time()) return Archived(source);
  }
  if (!same && !options.dry_run) {
    const absl::StatusOr<uint32_t> created = CreateDraft<Kind>(session, manifest, found.ok());
    if (!created.ok()) return Refused(session, source, created.status());
    number = *created;
  }
  session.out << NameOf(source.manifest) << ": ";
  if (same) {
    session.out << "unchanged, version " << number << (is_draft ? " (a draft)" : "");
  } else {
    session.out << (options.dry_run ? "would be " : "") << (newest.has_value() ? "changed" : "created");
    if (!options.dry_run) session.out << ", version " << number;
  }
  if (options.publish && is_draft && options.dry_run) session.out << " and published";
  if (options.publish && !options.dry_run) {
    typename Kind::PublishVersionRequest publish;
    Kind::SetId(id, &publish);
    publish.set_number(number);
    publish.set_request_id(NewId(absl::Now()));
    const auto answer = session.client.Get<typename Kind::PublishVersionResponse>(publish);
    if (!answer.ok()) {
      session.out << "\n";
      return Refused(session, source, answer.status());
    }
    session.out << (is_draft ? ", published" : " (published)");
    if constexpr (std::is_same_v<Kind, JourneyKind>) {
      session.out << std::flush;
      RETURN_IF_ERROR(AwaitEvaluation(session, id, answer->consistency_token()));
    }
  } else if (!same && !options.dry_run) {
    session.out << " (a draft; --publish puts it into force)";
  }
  session.out << "\n";
  if (found.ok() && !manifest.title().empty() && manifest.title() != Kind::Of(*found).title()) {
    session.out << "    its title stays \"" << Printable(Kind::Of(*found).title()) << "\"\n";
  }
  if (!same && newest.has_value()) {
    WriteDifferences(rules::Diff(present, wanted), "    ", session.out);
  }
  return absl::OkStatus();
}

// Applies one persona or segment.
template <typename Kind>
absl::Status ApplyEdition(const Session& session, const ApplyOptions& options, const SourcedManifest& source,
                          const typename Kind::Manifest& manifest) {
  typename Kind::GetRequest get;
  Kind::SetId(Kind::IdOf(manifest), &get);
  const auto found = session.client.Get<typename Kind::GetResponse>(get);
  if (!found.ok() && !absl::IsNotFound(found.status())) return Refused(session, source, found.status());
  const bool same =
      found.ok() && rules::ContentHash(manifest.definition()) == rules::ContentHash(Kind::Of(*found).definition());
  if (!same && found.ok() && Kind::Of(*found).has_archive_time()) return Archived(source);
  session.out << NameOf(source.manifest) << ": ";
  if (same) {
    session.out << "unchanged, edition " << Kind::Of(*found).number() << "\n";
    return absl::OkStatus();
  }
  const char* word = found.ok() ? "changed" : "created";
  if (options.dry_run) {
    session.out << "would be " << word << "\n";
  } else if (found.ok()) {
    typename Kind::UpdateRequest update;
    Kind::SetId(Kind::IdOf(manifest), Kind::In(&update));
    *Kind::In(&update)->mutable_definition() = manifest.definition();
    update.set_etag(Kind::Of(*found).etag());
    update.set_request_id(NewId(absl::Now()));
    const auto updated = session.client.Get<typename Kind::UpdateResponse>(update);
    if (!updated.ok()) return Refused(session, source, updated.status());
    session.out << word << ", edition " << Kind::Of(*updated).number() << "\n";
  } else {
    typename Kind::CreateRequest create;
    Kind::SetId(Kind::IdOf(manifest), Kind::In(&create));
    *Kind::In(&create)->mutable_definition() = manifest.definition();
    create.set_request_id(NewId(absl::Now()));
    const auto created = session.client.Get<typename Kind::CreateResponse>(create);
    if (!created.ok()) return Refused(session, source, created.status());
    session.out << word << ", edition 1\n";
  }
  if (found.ok())
    WriteDifferences(rules::Diff(Kind::Of(*found).definition(), manifest.definition()), "    ", session.out);
  return absl::OkStatus();
}

absl::Status ApplyChannel(const Session& session, const ApplyOptions& options, const SourcedManifest& source) {
  const manifest::v1::ChannelManifest& manifest = source.manifest.channel();
  notification::v1::GetChannelRequest get;
  get.set_channel_id(manifest.channel_id());
  const auto found = session.client.Get<notification::v1::GetChannelResponse>(get);
  if (!found.ok() && !absl::IsNotFound(found.status())) return Refused(session, source, found.status());
  if (found.ok()) {
    if (found->channel().has_log() == manifest.has_log() &&
        found->channel().webhook().url() == manifest.webhook().url()) {
      session.out << NameOf(source.manifest) << ": unchanged\n";
      return absl::OkStatus();
    }
    return absl::FailedPreconditionError(
        absl::StrCat(NameOf(source.manifest),
                     " exists and says something else; channels do not change: give this one another channel_id"));
  }
  if (options.dry_run) {
    session.out << NameOf(source.manifest) << ": would be created\n";
    return absl::OkStatus();
  }
  notification::v1::CreateChannelRequest create;
  create.mutable_channel()->set_channel_id(manifest.channel_id());
  create.mutable_channel()->set_title(manifest.title().empty() ? manifest.channel_id() : manifest.title());
  if (manifest.has_log()) *create.mutable_channel()->mutable_log() = manifest.log();
  if (manifest.has_webhook()) *create.mutable_channel()->mutable_webhook() = manifest.webhook();
  create.set_request_id(NewId(absl::Now()));
  const auto created = session.client.Get<notification::v1::CreateChannelResponse>(create);
  if (!created.ok()) return Refused(session, source, created.status());
  session.out << NameOf(source.manifest) << ": created\n";
  if (!created->webhook_secret().empty()) {
    session.out << "    its signing secret, shown this once: " << created->webhook_secret() << "\n";
  }
  return absl::OkStatus();
}

absl::Status ApplyOne(const Session& session, const ApplyOptions& options, const SourcedManifest& source) {
  switch (source.manifest.kind_case()) {
    case Manifest::kJourney:
      return ApplyVersioned<JourneyKind>(session, options, source, source.manifest.journey());
    case Manifest::kScorecard:
      return ApplyVersioned<ScorecardKind>(session, options, source, source.manifest.scorecard());
    case Manifest::kPlaybook:
      return ApplyVersioned<PlaybookKind>(session, options, source, source.manifest.playbook());
    case Manifest::kChannel:
      return ApplyChannel(session, options, source);
    case Manifest::kPersona:
      return ApplyEdition<PersonaKind>(session, options, source, source.manifest.persona());
    case Manifest::kSegment:
      return ApplyEdition<SegmentKind>(session, options, source, source.manifest.segment());
    case Manifest::KIND_NOT_SET:
      break;  // Refused when it was read.
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Apply(const Session& session, const ApplyOptions& options) {
  ASSIGN_OR_RETURN(const std::vector<SourcedManifest> sources, ReadSound(options.paths, session.err));
  RETURN_IF_ERROR(CheckAll(session, options, sources));
  // Once without changing anything, so that whatever cannot be done is known before the first thing is.
  std::ostringstream unheard;
  const Session rehearsal = {.client = session.client, .format = session.format, .out = unheard, .err = session.err};
  for (const SourcedManifest& source : sources) {
    RETURN_IF_ERROR(ApplyOne(rehearsal, {.publish = options.publish, .dry_run = true}, source));
  }
  for (const SourcedManifest& source : sources) RETURN_IF_ERROR(ApplyOne(session, options, source));
  return absl::OkStatus();
}

}  // namespace waymark::cli
