#include "services/milestone/event_service.h"

#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/rpc/deadline.h"
#include "common/rpc/status.h"
#include "common/worker/pool.h"
#include "services/milestone/analytics_service.h"
#include "services/milestone/convert.h"
#include "waymark/milestone/v1/event.grpc.pb.h"

namespace waymark::milestone {
namespace {

// How much of a stream may be under way before no more is read.
constexpr size_t kMostMessages = 256;
constexpr size_t kMostEventsUnderWay = 2000;
constexpr size_t kMostBytesUnderWay = 2 << 20;

absl::StatusOr<std::string> ToText(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return absl::InternalError("a request cannot be read");
  std::string bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

template <typename Message>
void ToBuffer(const Message& message, grpc::ByteBuffer& buffer) {
  buffer.Clear();
  bool own_buffer = false;
  grpc::SerializationTraits<Message>::Serialize(message, &buffer, &own_buffer);
}

// The same error, which names the message that it is of.
absl::Status OfMessage(const std::string& message, const absl::Status& status) {
  absl::Status named(status.code(), absl::StrCat("message ", message, ": ", status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { named.SetPayload(url, payload); });
  return named;
}

// A stream of events. Its messages go to the committer as they come, and are acknowledged in their order, whenever
// their turn has come. It keeps itself until gRPC is done with it; the committer keeps it as long as it has messages of
// it.
class EventStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                          public std::enable_shared_from_this<EventStream> {
 public:
  static EventStream* Refuse(const absl::Status& status) {
    const auto stream = Make(nullptr, nullptr, "");
    absl::MutexLock lock(&stream->mutex_);
    stream->End(status);
    return stream.get();
  }

  static EventStream* Open(OpenStreams& streams, Committer& committer, const Clock& clock, std::string workspace) {
    const auto stream = Make(&committer, &clock, std::move(workspace));
    absl::StatusOr<OpenStreams::Place> place =
        streams.Enter(stream->workspace_, [weak = std::weak_ptr<EventStream>(stream)] {
          const std::shared_ptr<EventStream> open = weak.lock();
          if (open == nullptr) return;
          absl::MutexLock lock(&open->mutex_);
          open->End(Stopping());
        });
    absl::MutexLock lock(&stream->mutex_);
    if (place.ok()) {
      stream->place_ = *std::move(place);
      stream->Advance();
    } else {
      stream->End(place.status());
    }
    return stream.get();
  }

  void OnReadDone(bool ok) override {
    const std::shared_ptr<EventStream> keep = shared_from_this();
    std::unique_ptr<Batch> batch;
    UnderWay* message = nullptr;
    {
      absl::MutexLock lock(&mutex_);
      reading_ = false;
      if (!ok) closed_ = true;
      if (!closed_) {
        absl::StatusOr<std::unique_ptr<Batch>> read = ReadMessage();
        if (read.ok()) {
          batch = *std::move(read);
          message = &under_way_.emplace_back();
          message->sequence = batch->sequence;
          message->events = batch->events.size();
          message->bytes = batch->request.size();
          events_ += message->events;
          bytes_ += message->bytes;
        } else {
          End(read.status());
        }
      }
      if (message == nullptr) return Advance();
    }
    committer_->Submit(std::move(batch), [keep, message](const Batch& stored, absl::StatusOr<Receipt> receipt) {
      keep->Answer(*message, stored, std::move(receipt));
    });
    absl::MutexLock lock(&mutex_);
    Advance();
  }

  void OnWriteDone(bool ok) override {
    const std::shared_ptr<EventStream> keep = shared_from_this();
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok) closed_ = true;
    Advance();
  }

  void OnDone() override {
    const std::shared_ptr<EventStream> keep = std::move(self_);
    place_.reset();
  }

 private:
  // A message on its way to its acknowledgement.
  struct UnderWay {
    int64_t sequence = 0;
    size_t events = 0;
    size_t bytes = 0;
    bool answered = false;
    absl::Status status;  // Why it could not be stored.
    v1::StreamEventsResponse response;
  };

  EventStream(Committer* committer, const Clock* clock, std::string workspace)
      : committer_(committer), clock_(clock), workspace_(std::move(workspace)) {}

  static std::shared_ptr<EventStream> Make(Committer* committer, const Clock* clock, std::string workspace) {
    const std::shared_ptr<EventStream> stream(new EventStream(committer, clock, std::move(workspace)));
    stream->self_ = stream;
    return stream;
  }

  absl::StatusOr<std::unique_ptr<Batch>> ReadMessage() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string name = sequence_ == 0 ? "1 of the stream" : absl::StrCat("with sequence ", sequence_ + 1);
    absl::StatusOr<std::string> bytes = ToText(in_);
    if (!bytes.ok()) return OfMessage(name, bytes.status());
    absl::StatusOr<std::unique_ptr<Batch>> batch = ToBatch(workspace_, *std::move(bytes), clock_->Now());
    if (!batch.ok()) return OfMessage(name, batch.status());
    const int64_t sequence = (*batch)->sequence;
    if (sequence <= 0) return OfMessage(name, InvalidField("sequence", "must be given, and above 0"));
    if (sequence_ != 0 && sequence != sequence_ + 1) {
      return OfMessage(name, InvalidField("sequence", absl::StrCat("must be ", sequence_ + 1, " after ", sequence_,
                                                                   ", not ", sequence)));
    }
    sequence_ = sequence;
    return batch;
  }

  void Answer(UnderWay& message, const Batch& batch, absl::StatusOr<Receipt> receipt) {
    absl::MutexLock lock(&mutex_);
    message.answered = true;
    if (receipt.ok()) {
      v1::IngestEventsResponse answer = ToProto(batch, *receipt);
      message.response.set_sequence(message.sequence);
      message.response.mutable_results()->Swap(answer.mutable_results());
      message.response.set_consistency_token(answer.consistency_token());
    } else {
      message.status = receipt.status();
    }
    Advance();
  }

  // Nothing more is read; what is under way is still acknowledged.
  void End(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (end_.ok()) end_ = why;
    closed_ = true;
    Advance();
  }

  // Does what can be done now. Every call that changes something ends here.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_) return;
    while (!writing_ && !under_way_.empty() && under_way_.front().answered) {
      UnderWay& first = under_way_.front();
      events_ -= first.events;
      bytes_ -= first.bytes;
      if (!first.status.ok() || unanswered_) {
        // Of those behind it, none may be acknowledged: it would look as if this one were.
        if (!unanswered_) end_ = OfMessage(absl::StrCat("with sequence ", first.sequence), first.status);
        unanswered_ = true;
        closed_ = true;
      } else {
        ToBuffer(first.response, out_);
        writing_ = true;
      }
      under_way_.pop_front();
      if (writing_) StartWrite(&out_);
    }
    if (closed_ && under_way_.empty() && !writing_) {
      finished_ = true;
      return Finish(rpc::ToGrpc(end_));
    }
    const bool room = under_way_.size() < kMostMessages && events_ < kMostEventsUnderWay && bytes_ < kMostBytesUnderWay;
    if (!closed_ && !reading_ && room) {
      reading_ = true;
      in_.Clear();
      StartRead(&in_);
    }
  }

  Committer* const committer_;
  const Clock* const clock_;
  const std::string workspace_;
  OpenStreams::Place place_;
  std::shared_ptr<EventStream> self_;

  absl::Mutex mutex_;
  grpc::ByteBuffer in_, out_;
  int64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;  // Of the last message; 0 before the first.
  std::list<UnderWay> under_way_ ABSL_GUARDED_BY(mutex_);
  size_t events_ ABSL_GUARDED_BY(mutex_) = 0;  // Of those under way …
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;   // … and what they take.
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;      // No more is read.
  bool unanswered_ ABSL_GUARDED_BY(mutex_) = false;  // A message was not stored.
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);  // What the stream ends with.
};

// Takes the request as bytes, so that an event which is no well-formed message is answered for itself, and answers from
// the committer's thread, so that no thread waits for a commit.
class EventServiceImpl final : public v1::EventService::WithRawCallbackMethod_StreamEvents<
                                   v1::EventService::WithRawCallbackMethod_IngestEvents<v1::EventService::Service>> {
 public:
  EventServiceImpl(const rpc::Authorizer& authorizer, Committer& committer, StageReader& stages, Analyst& analyst,
                   OpenStreams& streams, const Clock& clock)
      : authorizer_(authorizer),
        committer_(committer),
        stages_(stages),
        analyst_(analyst),
        streams_(streams),
        clock_(clock) {}

  grpc::ServerUnaryReactor* IngestEvents(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    absl::StatusOr<Call> call = Prepare(*context, *request);
    if (!call.ok()) {
      reactor->Finish(rpc::ToGrpc(call.status()));
      return reactor;
    }
    Committer::Done done = [reactor, response](const Batch& batch, absl::StatusOr<Receipt> receipt) {
      if (!receipt.ok()) return reactor->Finish(rpc::ToGrpc(receipt.status()));
      ToBuffer(ToProto(batch, *receipt), *response);
      reactor->Finish(grpc::Status::OK);
    };
    if (call->freshness.positions.empty()) {
      committer_.Submit(std::move(call->batch), std::move(done));
      return reactor;
    }
    // Shared, because std::function copies what it holds.
    auto waiting = std::make_shared<Call>(*std::move(call));
    waits_.Run([this, waiting, done = std::move(done)] {
      if (absl::Status waited = stages_.Wait(waiting->freshness); !waited.ok()) return done(*waiting->batch, waited);
      committer_.Submit(std::move(waiting->batch), done);
    });
    return reactor;
  }

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StreamEvents(
      grpc::CallbackServerContext* context) override {
    absl::StatusOr<rpc::Caller> caller = authorizer_.Admit(*context, rpc::Permission::kWrite);
    if (!caller.ok()) return EventStream::Refuse(caller.status());
    return EventStream::Open(streams_, committer_, clock_, std::move(caller->workspace));
  }

  grpc::Status ListEventTypes(grpc::ServerContext* context, const v1::ListEventTypesRequest* request,
                              v1::ListEventTypesResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, rpc::Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const int page_size, ToPageSize(request->page_size()));
    const std::string list = absl::StrCat("ListEventTypes/", caller.workspace);
    ASSIGN_OR_RETURN_GRPC(const std::string after, ReadPageToken(list, request->page_token()));
    const absl::Time deadline = LookDeadlineOf(*context);
    ASSIGN_OR_RETURN_GRPC(const Freshness freshness, ToFreshness(request->consistency(), deadline));
    RETURN_IF_ERROR_GRPC(stages_.Wait(freshness));
    ASSIGN_OR_RETURN_GRPC(Analyst::EventTypePage page, analyst_.ListEventTypes(caller.workspace, after, page_size, [&] {
      return MayKeepLooking(*context, deadline);
    }));
    *response = std::move(page.types);
    if (!page.next.empty()) response->set_next_page_token(MakePageToken(list, page.next));
    return grpc::Status::OK;
  }

 private:
  struct Call {
    std::unique_ptr<Batch> batch;
    Freshness freshness;
  };

  absl::StatusOr<Call> Prepare(const grpc::CallbackServerContext& context, const grpc::ByteBuffer& request) const {
    ASSIGN_OR_RETURN(rpc::Caller caller, authorizer_.Admit(context, rpc::Permission::kWrite));
    ASSIGN_OR_RETURN(std::string bytes, ToText(request));
    Call call;
    ASSIGN_OR_RETURN(call.batch, ToBatch(std::move(caller.workspace), std::move(bytes), clock_.Now()));
    call.freshness.deadline = rpc::DeadlineOf(context);
    ASSIGN_OR_RETURN(call.freshness.positions, journal::ParseToken(call.batch->consistency_token, "consistency_token"));
    return call;
  }

  const rpc::Authorizer& authorizer_;
  Committer& committer_;
  StageReader& stages_;
  Analyst& analyst_;
  OpenStreams& streams_;
  const Clock& clock_;
  Pool waits_{4};
};

}  // namespace

std::shared_ptr<grpc::Service> MakeEventService(const rpc::Authorizer& authorizer, Committer& committer,
                                                StageReader& stages, Analyst& analyst, OpenStreams& streams,
                                                const Clock& clock) {
  return std::make_shared<EventServiceImpl>(authorizer, committer, stages, analyst, streams, clock);
}

}  // namespace waymark::milestone
