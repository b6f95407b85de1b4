#include "services/journey/edition_service.h"

#include "common/rpc/status.h"
#include "services/journey/edition_convert.h"
#include "waymark/journey/v1/persona.grpc.pb.h"
#include "waymark/journey/v1/segment.grpc.pb.h"

namespace waymark::journey {
namespace {

using grpc::ServerContext;
using grpc::Status;
using rpc::Permission;

// What both edges do; only the names of their calls differ.
template <typename Kind>
class Edge {
 public:
  Edge(const rpc::Authorizer& authorizer, Editions<Kind>& editions) : authorizer_(authorizer), editions_(editions) {}

  Status Create(const ServerContext& context, const typename Kind::CreateRequest& request,
                typename Kind::CreateResponse& response) {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const NewEdition wanted, ToFirstEdition<Kind>(caller.workspace, request));
    ASSIGN_OR_RETURN_GRPC(response, editions_.Create(wanted));
    return Status::OK;
  }

  Status Get(const ServerContext& context, const typename Kind::GetRequest& request,
             typename Kind::GetResponse& response) {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const std::string id, ToEditionId(Kind::kKind, Kind::IdOf(request)));
    ASSIGN_OR_RETURN_GRPC(response, editions_.Get(caller.workspace, id, request.number()));
    return Status::OK;
  }

  Status List(const ServerContext& context, const typename Kind::ListRequest& request,
              typename Kind::ListResponse& response) {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const EditionPage page, ToEditionPage<Kind>(caller.workspace, request));
    ASSIGN_OR_RETURN_GRPC(response, editions_.List(page));
    return Status::OK;
  }

  Status Update(const ServerContext& context, const typename Kind::UpdateRequest& request,
                typename Kind::UpdateResponse& response) {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(context, Permission::kWrite));
    ASSIGN_OR_RETURN_GRPC(const NewEdition wanted, ToNextEdition<Kind>(caller.workspace, request));
    ASSIGN_OR_RETURN_GRPC(response, editions_.Update(wanted));
    return Status::OK;
  }

  Status Archive(const ServerContext& context, const typename Kind::ArchiveRequest& request,
                 typename Kind::ArchiveResponse& response) {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const EditionArchival wanted, ToArchival<Kind>(caller.workspace, request));
    ASSIGN_OR_RETURN_GRPC(response, editions_.Archive(wanted));
    return Status::OK;
  }

 private:
  const rpc::Authorizer& authorizer_;
  Editions<Kind>& editions_;
};

class PersonaServiceImpl final : public v1::PersonaService::Service {
 public:
  PersonaServiceImpl(const rpc::Authorizer& authorizer, Editions<PersonaKind>& editions)
      : edge_(authorizer, editions) {}

  Status CreatePersona(ServerContext* context, const v1::CreatePersonaRequest* request,
                       v1::CreatePersonaResponse* response) override {
    return edge_.Create(*context, *request, *response);
  }
  Status GetPersona(ServerContext* context, const v1::GetPersonaRequest* request,
                    v1::GetPersonaResponse* response) override {
    return edge_.Get(*context, *request, *response);
  }
  Status ListPersonas(ServerContext* context, const v1::ListPersonasRequest* request,
                      v1::ListPersonasResponse* response) override {
    return edge_.List(*context, *request, *response);
  }
  Status UpdatePersona(ServerContext* context, const v1::UpdatePersonaRequest* request,
                       v1::UpdatePersonaResponse* response) override {
    return edge_.Update(*context, *request, *response);
  }
  Status ArchivePersona(ServerContext* context, const v1::ArchivePersonaRequest* request,
                        v1::ArchivePersonaResponse* response) override {
    return edge_.Archive(*context, *request, *response);
  }

 private:
  Edge<PersonaKind> edge_;
};

class SegmentServiceImpl final : public v1::SegmentService::Service {
 public:
  SegmentServiceImpl(const rpc::Authorizer& authorizer, Editions<SegmentKind>& editions)
      : edge_(authorizer, editions) {}

  Status CreateSegment(ServerContext* context, const v1::CreateSegmentRequest* request,
                       v1::CreateSegmentResponse* response) override {
    return edge_.Create(*context, *request, *response);
  }
  Status GetSegment(ServerContext* context, const v1::GetSegmentRequest* request,
                    v1::GetSegmentResponse* response) override {
    return edge_.Get(*context, *request, *response);
  }
  Status ListSegments(ServerContext* context, const v1::ListSegmentsRequest* request,
                      v1::ListSegmentsResponse* response) override {
    return edge_.List(*context, *request, *response);
  }
  Status UpdateSegment(ServerContext* context, const v1::UpdateSegmentRequest* request,
                       v1::UpdateSegmentResponse* response) override {
    return edge_.Update(*context, *request, *response);
  }
  Status ArchiveSegment(ServerContext* context, const v1::ArchiveSegmentRequest* request,
                        v1::ArchiveSegmentResponse* response) override {
    return edge_.Archive(*context, *request, *response);
  }

 private:
  Edge<SegmentKind> edge_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakePersonaService(const rpc::Authorizer& authorizer, Editions<PersonaKind>& personas) {
  return std::make_shared<PersonaServiceImpl>(authorizer, personas);
}

std::shared_ptr<grpc::Service> MakeSegmentService(const rpc::Authorizer& authorizer, Editions<SegmentKind>& segments) {
  return std::make_shared<SegmentServiceImpl>(authorizer, segments);
}

}  // namespace waymark::journey
