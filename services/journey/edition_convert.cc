#include "services/journey/edition_convert.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/rules/convert/canonical.h"
#include "services/rules/convert/form.h"

namespace waymark::journey {
namespace {

// Notes where a rule names what belongs to a journey. Its depth is bounded: CheckForm has looked at it.
void FindForbidden(const v1::Criterion& criterion, const std::string& path, std::vector<rules::Finding>& findings) {
  const auto forbid = [&](const char* field, const char* what) {
    findings.push_back({.code = "RULE_FORBIDDEN",
                        .path = absl::StrCat(path, ".", field),
                        .message = absl::StrCat("a segment's rule cannot name ", what),
                        .hint = "name events, attributes, dates or health bands",
                        .layer = rules::Layer::kForm});
  };
  const auto look_into = [&](const char* field, const auto& criteria) {
    for (int i = 0; i < criteria.size(); ++i) {
      FindForbidden(criteria[i], absl::StrCat(path, ".", field, ".criteria[", i, "]"), findings);
    }
  };
  switch (criterion.kind_case()) {
    case v1::Criterion::kMilestone:
      return forbid("milestone", "a milestone: it belongs to no journey");
    case v1::Criterion::kAttested:
      return forbid("attested", "an attestation: what a person confirms is a milestone");
    case v1::Criterion::kSegment:
      return forbid("segment", "another segment");
    case v1::Criterion::kAllOf:
      return look_into("all_of", criterion.all_of().criteria());
    case v1::Criterion::kAnyOf:
      return look_into("any_of", criterion.any_of().criteria());
    case v1::Criterion::kAtLeastOf:
      return look_into("at_least_of", criterion.at_least_of().criteria());
    case v1::Criterion::kNoneOf:
      return look_into("none_of", criterion.none_of().criteria());
    case v1::Criterion::kEventCount:
    case v1::Criterion::kSequence:
    case v1::Criterion::kAbsence:
    case v1::Criterion::kAttribute:
    case v1::Criterion::kHealthBand:
    case v1::Criterion::kDateReached:
    case v1::Criterion::KIND_NOT_SET:
      return;
  }
}

std::string BoundTo(EditionKind kind, const EditionPage& page) {
  return absl::StrCat(page.workspace, "/List/", WordFor(kind), "/", page.archived);
}

// What people name: it must be given, and not be empty.
template <typename Kind>
absl::StatusOr<NewEdition> ToNewEdition(absl::string_view workspace, const auto& request) {
  const std::string word = WordFor(Kind::kKind);
  const typename Kind::Thing& thing = Kind::Of(request);
  NewEdition edition = {.call = ToCall(workspace, request), .content = {}, .etag = ""};
  ASSIGN_OR_RETURN(edition.content,
                   ToEditionContent(absl::StrCat(word, ".definition"), Kind::IdOf(thing), thing.definition()));
  return edition;
}

}  // namespace

std::vector<rules::Finding> CheckDefinition(const v1::PersonaDefinition& definition) {
  return rules::CheckForm(definition);
}

std::vector<rules::Finding> CheckDefinition(const v1::SegmentDefinition& definition) {
  std::vector<rules::Finding> findings = rules::CheckForm(definition);
  if (findings.empty()) FindForbidden(definition.criterion(), "criterion", findings);
  return findings;
}

template <typename Definition>
absl::StatusOr<EditionContent> ToEditionContent(absl::string_view field, const std::string& id,
                                                const Definition& definition) {
  RETURN_IF_ERROR(CheckFindings(field, CheckDefinition(definition)));
  Definition known = definition;
  known.DiscardUnknownFields();
  return EditionContent{.id = id, .definition = DeterministicBytes(known), .content_hash = rules::ContentHash(known)};
}

template <typename Kind>
absl::StatusOr<NewEdition> ToFirstEdition(absl::string_view workspace, const typename Kind::CreateRequest& request) {
  const std::string word = WordFor(Kind::kKind);
  RETURN_IF_ERROR(CheckName(absl::StrCat(word, ".", word, "_id"), Kind::IdOf(Kind::Of(request))));
  return ToNewEdition<Kind>(workspace, request);
}

template <typename Kind>
absl::StatusOr<NewEdition> ToNextEdition(absl::string_view workspace, const typename Kind::UpdateRequest& request) {
  if (request.etag().empty()) return InvalidField("etag", "must be given: pass the one that was read");
  ASSIGN_OR_RETURN(NewEdition edition, ToNewEdition<Kind>(workspace, request));
  edition.etag = request.etag();
  ASSIGN_OR_RETURN(edition.content.id, ToEditionId(Kind::kKind, edition.content.id));
  return edition;
}

template <typename Kind>
absl::StatusOr<EditionArchival> ToArchival(absl::string_view workspace, const typename Kind::ArchiveRequest& request) {
  ASSIGN_OR_RETURN(std::string id, ToEditionId(Kind::kKind, Kind::IdOf(request)));
  return EditionArchival{.call = ToCall(workspace, request), .id = std::move(id), .etag = request.etag()};
}

template <typename Kind>
absl::StatusOr<EditionPage> ToEditionPage(absl::string_view workspace, const typename Kind::ListRequest& request) {
  EditionPage page = {.workspace = std::string(workspace), .archived = request.archived(), .after = ""};
  ASSIGN_OR_RETURN(page.limit, ToPageSize(request.page_size()));
  ASSIGN_OR_RETURN(page.after, ReadPageToken(BoundTo(Kind::kKind, page), request.page_token()));
  return page;
}

absl::StatusOr<std::string> ToEditionId(EditionKind kind, absl::string_view id) {
  if (WhatIsWrongWithName(id).empty()) return std::string(id);
  return NotFound(absl::StrCat(WordFor(kind), " \"", absl::CHexEscape(id.substr(0, 100)), "\""));
}

template <typename Kind>
absl::StatusOr<typename Kind::Thing> ToProto(const Edition& edition) {
  typename Kind::Thing thing;
  Kind::SetId(edition.id, thing);
  thing.set_number(edition.number);
  if (!thing.mutable_definition()->ParseFromString(edition.definition)) {
    return absl::InternalError(absl::StrCat("the stored definition of ", NameOf(edition), " is unreadable"));
  }
  thing.set_content_hash(edition.content_hash);
  *thing.mutable_create_time() = ToTimestamp(edition.create_time);
  if (edition.archive_time.has_value()) *thing.mutable_archive_time() = ToTimestamp(*edition.archive_time);
  thing.set_etag(EtagOf(edition));
  return thing;
}

template <typename Kind>
absl::StatusOr<typename Kind::ListResponse> ToProto(const EditionPage& page, const std::vector<Edition>& editions) {
  typename Kind::ListResponse response;
  const size_t shown = std::min<size_t>(page.limit, editions.size());
  for (size_t i = 0; i < shown; ++i) {
    ASSIGN_OR_RETURN(Kind::AddTo(response), ToProto<Kind>(editions[i]));
  }
  if (shown < editions.size()) {
    response.set_next_page_token(MakePageToken(BoundTo(Kind::kKind, page), editions[shown - 1].id));
  }
  return response;
}

#define WAYMARK_EDITION_KIND(Kind)                                                                           \
  template absl::StatusOr<EditionContent> ToEditionContent(absl::string_view, const std::string&,            \
                                                           const Kind::Definition&);                         \
  template absl::StatusOr<NewEdition> ToFirstEdition<Kind>(absl::string_view, const Kind::CreateRequest&);   \
  template absl::StatusOr<NewEdition> ToNextEdition<Kind>(absl::string_view, const Kind::UpdateRequest&);    \
  template absl::StatusOr<EditionArchival> ToArchival<Kind>(absl::string_view, const Kind::ArchiveRequest&); \
  template absl::StatusOr<EditionPage> ToEditionPage<Kind>(absl::string_view, const Kind::ListRequest&);     \
  template absl::StatusOr<Kind::Thing> ToProto<Kind>(const Edition&);                                        \
  template absl::StatusOr<Kind::ListResponse> ToProto<Kind>(const EditionPage&, const std::vector<Edition>&)
WAYMARK_EDITION_KIND(PersonaKind);
WAYMARK_EDITION_KIND(SegmentKind);

}  // namespace waymark::journey
