#include "services/journey/editions.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace waymark::journey {
namespace {

Edition FirstEdition(EditionKind kind, const EditionContent& content, absl::Time now) {
  return {.kind = kind,
          .id = content.id,
          .definition = content.definition,
          .content_hash = content.content_hash,
          .create_time = now,
          .archive_time = std::nullopt};
}

// Such as `CreatePersona`: what a repeated request must have been, too.
std::string Method(absl::string_view verb, EditionKind kind) { return absl::StrCat(verb, " ", WordFor(kind)); }

template <typename Kind, typename Response>
absl::StatusOr<Response> Answer(const Edition& edition) {
  Response response;
  ASSIGN_OR_RETURN(Kind::In(response), ToProto<Kind>(edition));
  return response;
}

}  // namespace

template <typename Kind>
absl::StatusOr<typename Kind::CreateResponse> Editions<Kind>::Create(const NewEdition& wanted) {
  using Response = typename Kind::CreateResponse;
  return changes_.Run<Response>(wanted.call, Method("Create", Kind::kKind), {wanted.content.id},
                                [&](const Change& change) -> absl::StatusOr<Response> {
                                  const Edition first = FirstEdition(Kind::kKind, wanted.content, change.now);
                                  RETURN_IF_ERROR(AddFirstEdition(change.tx, change.workspace, first));
                                  return Answer<Kind, Response>(first);
                                });
}

template <typename Kind>
absl::StatusOr<typename Kind::GetResponse> Editions<Kind>::Get(absl::string_view workspace, absl::string_view id,
                                                               uint32_t number) {
  absl::StatusOr<typename Kind::GetResponse> response;
  RETURN_IF_ERROR(changes_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Edition edition, LoadEdition(tx, workspace, Kind::kKind, id, number));
    response = Answer<Kind, typename Kind::GetResponse>(edition);
    return response.status();
  }));
  return response;
}

template <typename Kind>
absl::StatusOr<typename Kind::ListResponse> Editions<Kind>::List(const EditionPage& page) {
  std::vector<Edition> editions;
  RETURN_IF_ERROR(changes_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(editions,
                     ListEditions(tx, page.workspace, Kind::kKind, page.archived, page.after, page.limit + 1));
    return absl::OkStatus();
  }));
  return ToProto<Kind>(page, editions);
}

template <typename Kind>
absl::StatusOr<typename Kind::UpdateResponse> Editions<Kind>::Update(const NewEdition& wanted) {
  using Response = typename Kind::UpdateResponse;
  return changes_.Run<Response>(
      wanted.call, Method("Update", Kind::kKind), {wanted.content.id},
      [&](const Change& change) -> absl::StatusOr<Response> {
        ASSIGN_OR_RETURN(Edition edition, LoadEdition(change.tx, change.workspace, Kind::kKind, wanted.content.id, 0));
        RETURN_IF_ERROR(CheckChange(edition, wanted.etag));
        if (edition.content_hash != wanted.content.content_hash) {
          edition.number = edition.newest = edition.newest + 1;
          ++edition.revision;
          edition.definition = wanted.content.definition;
          edition.content_hash = wanted.content.content_hash;
          edition.create_time = change.now;
          RETURN_IF_ERROR(AddNextEdition(change.tx, change.workspace, edition));
        }
        return Answer<Kind, Response>(edition);
      });
}

template <typename Kind>
absl::StatusOr<typename Kind::ArchiveResponse> Editions<Kind>::Archive(const EditionArchival& wanted) {
  using Response = typename Kind::ArchiveResponse;
  return changes_.Run<Response>(
      wanted.call, Method("Archive", Kind::kKind), {wanted.id}, [&](const Change& change) -> absl::StatusOr<Response> {
        ASSIGN_OR_RETURN(Edition edition, LoadEdition(change.tx, change.workspace, Kind::kKind, wanted.id, 0));
        ASSIGN_OR_RETURN(const Step step, DecideArchival(edition, wanted.etag));
        if (step == Step::kNow) {
          edition.archive_time = change.now;
          ++edition.revision;
          RETURN_IF_ERROR(SaveArchival(change.tx, change.workspace, edition));
        }
        return Answer<Kind, Response>(edition);
      });
}

absl::StatusOr<bool> AddWhereMissing(const Change& change, EditionKind kind, const EditionContent& content) {
  ASSIGN_OR_RETURN(const std::vector<std::optional<Edition>> found,
                   FindEditions(change.tx, change.workspace, kind, {{.id = content.id}}));
  if (found[0].has_value()) return false;
  RETURN_IF_ERROR(AddFirstEdition(change.tx, change.workspace, FirstEdition(kind, content, change.now)));
  return true;
}

template class Editions<PersonaKind>;
template class Editions<SegmentKind>;

}  // namespace waymark::journey
