#include "services/journey/segment_service.h"

#include "common/rpc/status.h"
#include "services/journey/edition_convert.h"
#include "waymark/journey/v1/segment.grpc.pb.h"

namespace waymark::journey {
namespace {

using rpc::Permission;

class SegmentServiceImpl final : public v1::SegmentService::Service {
 public:
  SegmentServiceImpl(const rpc::Authorizer& authorizer, Editions<SegmentKind>& segments)
      : authorizer_(authorizer), segments_(segments) {}

  grpc::Status CreateSegment(grpc::ServerContext* context, const v1::CreateSegmentRequest* request,
                             v1::CreateSegmentResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const NewEdition wanted, ToFirstEdition<SegmentKind>(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, segments_.Create(wanted));
    return grpc::Status::OK;
  }

  grpc::Status GetSegment(grpc::ServerContext* context, const v1::GetSegmentRequest* request,
                          v1::GetSegmentResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const std::string id, ToEditionId(EditionKind::kSegment, request->segment_id()));
    ASSIGN_OR_RETURN_GRPC(*response, segments_.Get(caller.workspace, id, request->number()));
    return grpc::Status::OK;
  }

  grpc::Status ListSegments(grpc::ServerContext* context, const v1::ListSegmentsRequest* request,
                            v1::ListSegmentsResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const EditionPage page, ToEditionPage<SegmentKind>(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, segments_.List(page));
    return grpc::Status::OK;
  }

  grpc::Status UpdateSegment(grpc::ServerContext* context, const v1::UpdateSegmentRequest* request,
                             v1::UpdateSegmentResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const NewEdition wanted, ToNextEdition<SegmentKind>(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, segments_.Update(wanted));
    return grpc::Status::OK;
  }

  grpc::Status ArchiveSegment(grpc::ServerContext* context, const v1::ArchiveSegmentRequest* request,
                              v1::ArchiveSegmentResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const EditionArchival wanted, ToArchival<SegmentKind>(caller.workspace, *request));
    ASSIGN_OR_RETURN_GRPC(*response, segments_.Archive(wanted));
    return grpc::Status::OK;
  }

 private:
  const rpc::Authorizer& authorizer_;
  Editions<SegmentKind>& segments_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeSegmentService(const rpc::Authorizer& authorizer, Editions<SegmentKind>& segments) {
  return std::make_shared<SegmentServiceImpl>(authorizer, segments);
}

}  // namespace waymark::journey
