#include "services/journey/edition_convert.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/rules/convert/canonical.h"
#include "services/rules/convert/definition.h"
#include "services/rules/convert/form.h"

namespace waymark::journey {
namespace {

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
  return rules::Check(definition);
}

template <typename Definition>
absl::StatusOr<EditionContent> ToEditionContent(absl::string_view field, const std::string& id,
                                                const Definition& definition) {
  RETURN_IF_ERROR(CheckErrors(field, CheckDefinition(definition)));
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
