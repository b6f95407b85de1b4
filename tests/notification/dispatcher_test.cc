// Sending, with a real receiver on loopback and a real database; the clock is moved by hand.
#include "services/notification/dispatcher.h"

#include <google/protobuf/util/json_util.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/notification/channel_store.h"
#include "services/notification/planner.h"
#include "services/notification/playbook_store.h"
#include "services/notification/signature.h"
#include "tests/support/databases.h"
#include "tests/support/http_receiver.h"
#include "tests/support/ports.h"
#include "waymark/notification/v1/notification.pb.h"
#include "waymark/notification/v1/playbook.pb.h"

namespace waymark::notification {
namespace {

using support::Answer;
using support::HttpAnswer;
using support::HttpReceiver;
using support::HttpRequest;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kLease = absl::Minutes(1);

absl::Time Noon() { return absl::FromUnixSeconds(1'777'896'000); }  // 4 May 2026, 12:00 UTC.

// A database that is lost for the writes that `loses` picks, counted from 1.
class FaultyDatabase final : public sql::Database {
 public:
  FaultyDatabase(sql::Database& db, std::function<bool(int)> loses) : db_(db), loses_(std::move(loses)) {}

  absl::Status Transact(absl::FunctionRef<absl::Status(sql::Transaction&)> body) override {
    if (loses_(++writes_)) return StoreUnavailable("the database is gone");
    return db_.Transact(body);
  }
  absl::Status Read(absl::FunctionRef<absl::Status(sql::Transaction&)> body) override { return db_.Read(body); }
  absl::Status Migrate(absl::Span<const sql::Schema> schemas) override { return db_.Migrate(schemas); }
  absl::StatusOr<std::vector<sql::SchemaState>> GetSchemaStates(absl::Span<const sql::Schema> schemas) override {
    return db_.GetSchemaStates(schemas);
  }
  sql::Engine engine() const override { return db_.engine(); }

 private:
  sql::Database& db_;
  const std::function<bool(int)> loses_;
  int writes_ = 0;
};

v1::WebhookBody BodyOf(const HttpRequest& request) {
  v1::WebhookBody body;
  const auto parsed = google::protobuf::util::JsonStringToMessage(request.body, &body);
  EXPECT_TRUE(parsed.ok()) << request.body;
  return body;
}

class DispatcherTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  void Do(absl::FunctionRef<absl::Status(sql::Transaction&)> body) {
    const absl::Status status = db_->Transact(body);
    ASSERT_TRUE(status.ok()) << status;
  }

  // A channel, and a playbook that sends on it when acme turns red.
  void TellRed(const std::string& channel_id, const std::string& url,
               const std::string& text = "Call {{customer_id}}.") {
    v1::PlaybookDefinition definition;
    definition.mutable_trigger()->mutable_band_changed()->set_scorecard_id("health");
    definition.mutable_trigger()->mutable_band_changed()->set_band(health::v1::BAND_RED);
    v1::Step& step = *definition.add_steps();
    step.set_key("tell");
    step.mutable_send()->set_channel_id(channel_id);
    step.mutable_send()->set_title("{{customer_id}} is {{band}}");
    step.mutable_send()->set_text(text);
    Do([&](sql::Transaction& tx) -> absl::Status {
      const Channel channel = {.channel_id = channel_id,
                               .title = "Channel",
                               .kind = url.empty() ? ChannelKind::kLog : ChannelKind::kWebhook,
                               .url = url,
                               .create_time = Noon()};
      RETURN_IF_ERROR(AddChannel(tx, "acme", channel, std::string(24, 'k')));
      RETURN_IF_ERROR(AddPlaybook(tx, "acme", {.playbook_id = channel_id, .title = "On red", .create_time = Noon()}));
      const Version version = {.playbook_id = channel_id,
                               .number = 1,
                               .state = VersionState::kPublished,
                               .definition = definition.SerializeAsString(),
                               .content_hash = "",
                               .change_note = "",
                               .create_time = Noon(),
                               .publish_time = Noon()};
      RETURN_IF_ERROR(AddVersion(tx, "acme", version));
      return SavePublication(tx, "acme", version, {TriggerKind::kBandChanged, "health", "red"});
    });
  }

  // Customers turn red, each for the first time.
  void TurnRed(int customers = 1) {
    std::vector<Happening> happenings;
    for (int i = 0; i < customers; ++i) {
      const std::string customer = absl::StrCat("customer-", ++customers_);
      happenings.push_back({.workspace = "acme",
                            .customer_id = customer,
                            .trigger = {TriggerKind::kBandChanged, "health", "red"},
                            .variables = {{"customer_id", customer}, {"band", "red"}},
                            .effect_key = "band/" + customer,
                            .time = clock_.Now()});
    }
    Planner planner(clock_);
    Do([&](sql::Transaction& tx) { return planner.Plan(tx, happenings); });
  }

  Dispatcher::Options Options() {
    Dispatcher::Options options;
    options.webhooks.timeout = absl::Minutes(2);  // Nobody waits for it but who asks for less.
    options.webhooks.allowed = {*ReadNetwork("127.0.0.0/8")};
    options.lease = kLease;
    return options;
  }
  std::unique_ptr<Dispatcher> NewDispatcher() { return std::make_unique<Dispatcher>(*db_, clock_, Options()); }

  // Runs until there is nothing to do.
  static void Drain(Dispatcher& dispatcher) {
    for (int i = 0; i < 1000; ++i) {
      const absl::StatusOr<bool> busy = dispatcher.RunOnce();
      ASSERT_TRUE(busy.ok()) << busy.status();
      if (!*busy) return;
    }
    FAIL() << "there is always something to do";
  }

  std::vector<Delivery> Deliveries() {
    std::vector<Delivery> deliveries;
    Do([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(deliveries, ListDeliveries(tx, "acme", {.customer_id = "", .state = {}}, "", 1000));
      return absl::OkStatus();
    });
    return deliveries;
  }
  Delivery Only() {
    const std::vector<Delivery> deliveries = Deliveries();
    EXPECT_THAT(deliveries, SizeIs(1));
    return deliveries.at(0);
  }
  std::vector<Attempt> AttemptsOf(const Delivery& delivery) {
    std::vector<Attempt> attempts;
    Do([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(attempts, LoadAttempts(tx, delivery));
      return absl::OkStatus();
    });
    return attempts;
  }
  // Moves the clock to when the only delivery is to be looked at again.
  void ToNext() { clock_.Set(Only().standing.next_at.value()); }

  VirtualClock clock_{Noon()};
  const std::unique_ptr<sql::Database> db_ =
      support::OpenFresh(GetParam(), {PlaybookSchema(), ChannelSchema(), DeliverySchema()});
  int customers_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Engines, DispatcherTest, support::BothEngines(), support::EngineName);

TEST_P(DispatcherTest, AWebhookIsPostedOnceSignedAndAccepted) {
  HttpReceiver receiver([](int, const HttpRequest&) { return Answer(202, {}, "thanks"); });
  TellRed("hook", receiver.url());
  TurnRed();
  Drain(*NewDispatcher());
  Drain(*NewDispatcher());

  ASSERT_THAT(receiver.received(), SizeIs(1));
  const HttpRequest request = receiver.received()[0];
  EXPECT_EQ(request.target, "/hook");
  EXPECT_EQ(request.headers.at("content-type"), "application/json");
  EXPECT_EQ(request.headers.at("webhook-id"), Only().wire_id);
  EXPECT_EQ(request.headers.at("webhook-timestamp"), absl::StrCat(absl::ToUnixSeconds(Noon())));
  EXPECT_EQ(request.headers.at("webhook-signature"), Sign(std::string(24, 'k'), Only().wire_id, Noon(), request.body));
  const v1::WebhookBody body = BodyOf(request);
  EXPECT_EQ(body.type(), "band.changed");
  EXPECT_EQ(body.timestamp().seconds(), absl::ToUnixSeconds(Noon()));
  EXPECT_EQ(body.data().title(), "customer-1 is red");
  EXPECT_EQ(body.data().text(), "Call customer-1.");
  EXPECT_EQ(body.data().customer_id(), "customer-1");
  EXPECT_EQ(body.data().workspace(), "acme");
  EXPECT_EQ(body.data().variables().at("band"), "red");
  EXPECT_FALSE(body.data().possible_duplicate());
  EXPECT_THAT(request.body, HasSubstr("\"possible_duplicate\":false")) << "every field is present";

  EXPECT_EQ(Only().standing.state, State::kAccepted);
  EXPECT_EQ(Only().standing.next_at, std::nullopt);
  const std::vector<Attempt> attempts = AttemptsOf(Only());
  ASSERT_THAT(attempts, SizeIs(1));
  EXPECT_EQ(attempts[0].verdict, Verdict::kAccepted);
  EXPECT_EQ(attempts[0].response_code, 202);
  EXPECT_EQ(attempts[0].excerpt, "thanks");
}

TEST_P(DispatcherTest, ALogChannelWritesALineAndIsAccepted) {
  TellRed("log", "");
  TurnRed();
  ::testing::internal::CaptureStderr();
  Drain(*NewDispatcher());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("customer-1 is red"));
  EXPECT_EQ(Only().standing.state, State::kAccepted);
  EXPECT_EQ(AttemptsOf(Only()).at(0).detail, "written to the log");
}

TEST_P(DispatcherTest, AFailureIsTriedAgainWhenItsWaitIsOverWithTheSameIdAndBody) {
  HttpReceiver receiver([](int count, const HttpRequest&) { return Answer(count == 1 ? 500 : 200); });
  TellRed("hook", receiver.url());
  TurnRed();
  const auto dispatcher = NewDispatcher();
  Drain(*dispatcher);
  EXPECT_EQ(Only().standing.state, State::kRetryWait);
  EXPECT_GE(*Only().standing.next_at, Noon() + absl::Seconds(5));
  EXPECT_LE(*Only().standing.next_at, Noon() + absl::Seconds(6));

  clock_.Set(*Only().standing.next_at - absl::Microseconds(1));
  Drain(*dispatcher);
  EXPECT_THAT(receiver.received(), SizeIs(1)) << "never early";

  ToNext();
  Drain(*dispatcher);
  ASSERT_THAT(receiver.received(), SizeIs(2));
  EXPECT_EQ(receiver.received()[0].headers.at("webhook-id"), receiver.received()[1].headers.at("webhook-id"));
  EXPECT_EQ(receiver.received()[0].body, receiver.received()[1].body);
  EXPECT_EQ(Only().standing.state, State::kAccepted);
  EXPECT_FALSE(Only().standing.possible_duplicate);
  ASSERT_THAT(AttemptsOf(Only()), SizeIs(2));
  EXPECT_EQ(AttemptsOf(Only())[0].detail, "answered 500");
}

TEST_P(DispatcherTest, GoneEndsItAndDisablesTheChannel) {
  HttpReceiver receiver([](int, const HttpRequest&) { return Answer(410); });
  TellRed("hook", receiver.url());
  TurnRed();
  const auto dispatcher = NewDispatcher();
  Drain(*dispatcher);
  EXPECT_EQ(Only().standing.state, State::kRejected);

  clock_.Advance(absl::Seconds(1));  // So that the next delivery's id is a later one.
  TurnRed();
  Drain(*dispatcher);
  EXPECT_THAT(receiver.received(), SizeIs(1));
  EXPECT_EQ(Deliveries()[0].standing.state, State::kSkipped);
  EXPECT_EQ(Deliveries()[0].standing.skip_reason, "channel_disabled");
}

TEST_P(DispatcherTest, WhatWaitedForAChannelThatWasDisabledMeanwhileIsSkipped) {
  HttpReceiver receiver;
  TellRed("hook", receiver.url());
  TurnRed();
  Do([](sql::Transaction& tx) { return DisableChannel(tx, "acme", "hook"); });
  Drain(*NewDispatcher());
  EXPECT_EQ(receiver.connections(), 0);
  EXPECT_EQ(Only().standing.state, State::kSkipped);
  EXPECT_THAT(AttemptsOf(Only()), IsEmpty());
}

TEST_P(DispatcherTest, RedirectsAreNotFollowed) {
  HttpReceiver inner;
  HttpReceiver receiver([&](int, const HttpRequest&) { return Answer(301, {"Location: " + inner.url()}); });
  TellRed("hook", receiver.url());
  TurnRed();
  Drain(*NewDispatcher());
  EXPECT_EQ(inner.connections(), 0);
  EXPECT_EQ(Only().standing.state, State::kRetryWait);
  EXPECT_EQ(AttemptsOf(Only()).at(0).response_code, 301);
}

TEST_P(DispatcherTest, AReceiverThatHangsUpMayHaveItAndIsSentItAgainFlagged) {
  HttpReceiver receiver([](int count, const HttpRequest&) { return count == 1 ? support::Hangup() : Answer(200); });
  TellRed("hook", receiver.url());
  TurnRed();
  const auto dispatcher = NewDispatcher();
  Drain(*dispatcher);
  EXPECT_THAT(receiver.received(), SizeIs(1)) << "libcurl must not try again by itself";
  EXPECT_EQ(Only().standing.state, State::kRetryWait);
  EXPECT_TRUE(Only().standing.possible_duplicate);
  EXPECT_EQ(AttemptsOf(Only()).at(0).verdict, Verdict::kUnknown);

  ToNext();
  Drain(*dispatcher);
  ASSERT_THAT(receiver.received(), SizeIs(2));
  EXPECT_EQ(receiver.received()[0].headers.at("webhook-id"), receiver.received()[1].headers.at("webhook-id"));
  EXPECT_FALSE(BodyOf(receiver.received()[0]).data().possible_duplicate());
  EXPECT_TRUE(BodyOf(receiver.received()[1]).data().possible_duplicate());
  EXPECT_EQ(Only().standing.state, State::kAccepted);
  EXPECT_TRUE(Only().standing.possible_duplicate) << "for ever";
}

TEST_P(DispatcherTest, AReceiverThatNeverAnswersMayHaveIt) {
  HttpReceiver receiver([](int, const HttpRequest&) { return support::Silence(); });
  TellRed("hook", receiver.url());
  TurnRed();
  Dispatcher::Options impatient = Options();
  impatient.webhooks.timeout = absl::Seconds(1);
  Dispatcher dispatcher(*db_, clock_, impatient);
  Drain(dispatcher);
  EXPECT_EQ(Only().standing.state, State::kRetryWait);
  EXPECT_TRUE(Only().standing.possible_duplicate);
  EXPECT_EQ(AttemptsOf(Only()).at(0).verdict, Verdict::kUnknown);
}

TEST_P(DispatcherTest, AStatusThatCameCountsWhateverFollowsIt) {
  HttpReceiver receiver([](int, const HttpRequest&) {
    return HttpAnswer{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(100'000, 'x')};
  });
  TellRed("hook", receiver.url());
  TurnRed();
  Drain(*NewDispatcher());
  EXPECT_EQ(Only().standing.state, State::kAccepted);
  EXPECT_EQ(AttemptsOf(Only()).at(0).excerpt, std::string(4096, 'x'));
}

TEST_P(DispatcherTest, EndlessHeadersAreCutOff) {
  HttpReceiver receiver([](int, const HttpRequest&) {
    std::string bytes = "HTTP/1.1 200 OK\r\n";
    while (bytes.size() < 1'000'000) bytes += "X-More: and more\r\n";
    return HttpAnswer{.bytes = bytes};
  });
  TellRed("hook", receiver.url());
  TurnRed();
  Drain(*NewDispatcher());
  EXPECT_EQ(AttemptsOf(Only()).at(0).response_code, 200);
}

TEST_P(DispatcherTest, ARefusedConnectionIsCertainlyNotADuplicate) {
  TellRed("hook", absl::StrCat("http://127.0.0.1:", support::FreePort(), "/"));
  TurnRed();
  Drain(*NewDispatcher());
  EXPECT_EQ(Only().standing.state, State::kRetryWait);
  EXPECT_FALSE(Only().standing.possible_duplicate);
  EXPECT_THAT(AttemptsOf(Only()).at(0).detail, HasSubstr("not sent"));
}

TEST_P(DispatcherTest, AnAddressThatIsNotAllowedIsNeverConnectedTo) {
  HttpReceiver receiver;
  Dispatcher::Options options = Options();
  options.webhooks.allowed.clear();
  Dispatcher dispatcher(*db_, clock_, options);
  const std::string port = absl::StrCat(":", receiver.port(), "/");
  int number = 0;
  for (const char* host : {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]",
                           "[::ffff:7f00:1]", "localhost.", "0"}) {
    TellRed(absl::StrCat("hook-", ++number), absl::StrCat("http://", host, port));
  }
  TurnRed();
  Drain(dispatcher);
  EXPECT_EQ(receiver.connections(), 0);
  for (const Delivery& delivery : Deliveries()) {
    EXPECT_NE(delivery.standing.state, State::kAccepted);
    EXPECT_FALSE(delivery.standing.possible_duplicate);
    if (delivery.channel_id == "hook-1" || delivery.channel_id == "hook-3") {
      EXPECT_EQ(delivery.standing.state, State::kRejected);
      EXPECT_THAT(AttemptsOf(delivery).at(0).detail, HasSubstr("the address is not public"));
    }
  }
}

TEST_P(DispatcherTest, TheProxyOfTheEnvironmentIsNotUsed) {
  HttpReceiver proxy;
  HttpReceiver receiver;
  setenv("http_proxy", proxy.url().c_str(), 1);
  TellRed("hook", receiver.url());
  TurnRed();
  Drain(*NewDispatcher());
  unsetenv("http_proxy");
  EXPECT_EQ(proxy.connections(), 0);
  EXPECT_THAT(receiver.received(), SizeIs(1));
}

TEST_P(DispatcherTest, RetryAfterIsHeededUpToTwiceTheSchedule) {
  HttpReceiver receiver([](int, const HttpRequest&) { return Answer(503, {"Retry-After: 3600"}); });
  TellRed("hook", receiver.url());
  TurnRed();
  Drain(*NewDispatcher());
  EXPECT_EQ(Only().standing.next_at, Noon() + absl::Seconds(10));
}

TEST_P(DispatcherTest, WhatIsNeverTakenIsDeadWhenItsBudgetIsSpent) {
  HttpReceiver receiver([](int, const HttpRequest&) { return Answer(500); });
  TellRed("hook", receiver.url());
  TurnRed();
  const auto dispatcher = NewDispatcher();
  Drain(*dispatcher);
  while (Only().standing.next_at.has_value()) {
    EXPECT_LE(*Only().standing.next_at, Noon() + absl::Hours(76));
    ToNext();
    Drain(*dispatcher);
  }
  EXPECT_EQ(Only().standing.state, State::kDead);
  // Nine retries where none is late by jitter, and the last one, of a day, is lost where they are.
  EXPECT_GE(receiver.received().size(), 9);
  EXPECT_LE(receiver.received().size(), 10);
  EXPECT_EQ(static_cast<size_t>(Only().standing.attempts), receiver.received().size());
}

TEST_P(DispatcherTest, TooLargeABodyIsSkipped) {
  HttpReceiver receiver;
  TellRed("hook", receiver.url(), std::string(4000, '<'));  // Six bytes each, as JSON.
  TurnRed();
  Drain(*NewDispatcher());
  EXPECT_EQ(receiver.connections(), 0);
  EXPECT_EQ(Only().standing.skip_reason, "body_too_large");
}

// The crash points: after the claim, while sending, before the answer is stored.

TEST_P(DispatcherTest, ACrashAfterTheClaimCostsATimeAndNoDoubt) {
  HttpReceiver receiver;
  TellRed("hook", receiver.url());
  TurnRed();
  {
    FaultyDatabase faulty(*db_, [](int write) { return write > 1; });  // The claim alone is stored.
    Dispatcher crashing(faulty, clock_, Options());
    EXPECT_EQ(crashing.RunOnce().status().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(Only().standing.state, State::kLeased);
  const auto dispatcher = NewDispatcher();
  Drain(*dispatcher);
  EXPECT_EQ(receiver.connections(), 0) << "the lease holds";

  ToNext();
  Drain(*dispatcher);
  EXPECT_THAT(receiver.received(), SizeIs(1));
  EXPECT_EQ(Only().standing.state, State::kAccepted);
  EXPECT_EQ(Only().standing.attempts, 1);
  EXPECT_FALSE(Only().standing.possible_duplicate);
}

TEST_P(DispatcherTest, ACrashWhileSendingLeavesAPossibleDuplicate) {
  HttpReceiver receiver([](int count, const HttpRequest&) { return count == 1 ? support::Silence() : Answer(200); });
  TellRed("hook", receiver.url());
  TurnRed();
  {
    const auto crashing = NewDispatcher();
    while (receiver.received().empty()) ASSERT_TRUE(crashing->RunOnce().ok());
    ASSERT_EQ(Only().standing.state, State::kSending) << "stored before the first byte";
  }
  const auto dispatcher = NewDispatcher();
  Drain(*dispatcher);
  EXPECT_EQ(Only().standing.state, State::kSending) << "the lease holds";
  EXPECT_EQ(AttemptsOf(Only()).at(0).verdict, std::nullopt);

  ToNext();
  Drain(*dispatcher);
  EXPECT_EQ(Only().standing.state, State::kRetryWait);
  EXPECT_TRUE(Only().standing.possible_duplicate);
  EXPECT_EQ(AttemptsOf(Only()).at(0).verdict, Verdict::kUnknown);

  ToNext();
  Drain(*dispatcher);
  ASSERT_THAT(receiver.received(), SizeIs(2));
  EXPECT_EQ(receiver.received()[0].headers.at("webhook-id"), receiver.received()[1].headers.at("webhook-id"));
  EXPECT_TRUE(BodyOf(receiver.received()[1]).data().possible_duplicate());
  EXPECT_EQ(Only().standing.state, State::kAccepted);
}

TEST_P(DispatcherTest, ACrashAfterTheAnswerGivesOneMoreFlaggedWithTheSameId) {
  HttpReceiver receiver;
  TellRed("hook", receiver.url());
  TurnRed();
  {
    FaultyDatabase faulty(*db_, [](int write) { return write > 2; });  // The answer is not stored.
    Dispatcher crashing(faulty, clock_, Options());
    while (crashing.RunOnce().ok()) {
    }
  }
  ASSERT_THAT(receiver.received(), SizeIs(1));
  EXPECT_EQ(Only().standing.state, State::kSending);
  const auto dispatcher = NewDispatcher();
  ToNext();
  Drain(*dispatcher);
  ToNext();
  Drain(*dispatcher);
  ASSERT_THAT(receiver.received(), SizeIs(2));
  EXPECT_EQ(receiver.received()[0].headers.at("webhook-id"), receiver.received()[1].headers.at("webhook-id"));
  EXPECT_TRUE(BodyOf(receiver.received()[1]).data().possible_duplicate());
  EXPECT_TRUE(Only().standing.possible_duplicate);
}

TEST_P(DispatcherTest, AnAnswerThatCouldNotBeStoredIsStoredLaterAndNotSentAgain) {
  HttpReceiver receiver;
  TellRed("hook", receiver.url());
  TurnRed();
  FaultyDatabase faulty(*db_, [](int write) { return write == 3 || write == 4; });
  Dispatcher dispatcher(faulty, clock_, Options());
  int failures = 0;
  while (Only().standing.state != State::kAccepted) {
    if (dispatcher.RunOnce().ok()) continue;
    ASSERT_LE(++failures, 2);
  }
  EXPECT_EQ(failures, 2);
  EXPECT_THAT(receiver.received(), SizeIs(1));
}

TEST_P(DispatcherTest, ASenderThatSleptLongerThanItsLeaseOverwritesNothing) {
  HttpReceiver receiver([](int count, const HttpRequest&) { return count == 1 ? support::Silence() : Answer(500); });
  TellRed("hook", receiver.url());
  TurnRed();
  Dispatcher sleeper(*db_, clock_, Options());
  while (receiver.received().empty()) ASSERT_TRUE(sleeper.RunOnce().ok());

  // The lease expires, and another takes up and fails.
  const auto other = NewDispatcher();
  ToNext();
  Drain(*other);
  ToNext();
  Drain(*other);
  const Standing standing = Only().standing;
  EXPECT_EQ(standing.state, State::kRetryWait);
  ASSERT_THAT(AttemptsOf(Only()), SizeIs(2));

  // Then the sleeper learns that all was well.
  receiver.Release();
  Drain(sleeper);
  EXPECT_EQ(Only().standing, standing);
  EXPECT_EQ(AttemptsOf(Only())[0].verdict, Verdict::kUnknown);
  EXPECT_EQ(AttemptsOf(Only())[1].response_code, 500);
}

TEST_P(DispatcherTest, ASlowReceiverDelaysNobodyElse) {
  HttpReceiver slow([](int, const HttpRequest&) { return support::Silence(); });
  HttpReceiver quick;
  TellRed("slow", slow.url());
  TellRed("swift", quick.url());
  TurnRed(10);
  Dispatcher dispatcher(*db_, clock_, Options());
  while (quick.received().size() < 10) ASSERT_TRUE(dispatcher.RunOnce().ok());
  ASSERT_TRUE(slow.WaitFor(4));
  EXPECT_EQ(slow.most_at_once(), 4) << "of its ten, as many as one channel may have under way";
  slow.Release();
  Drain(dispatcher);
  for (const Delivery& delivery : Deliveries()) EXPECT_EQ(delivery.standing.state, State::kAccepted);
  EXPECT_THAT(slow.received(), SizeIs(10));
  EXPECT_LE(slow.most_at_once(), 4);
}

TEST_P(DispatcherTest, EverybodysTurnComes) {
  HttpReceiver receiver;
  for (int i = 1; i <= 5; ++i) TellRed(absl::StrCat("hook-", i), receiver.url());
  TurnRed(3);
  Dispatcher::Options narrow = Options();
  narrow.at_once = 2;
  Dispatcher dispatcher(*db_, clock_, narrow);
  Drain(dispatcher);
  EXPECT_THAT(receiver.received(), SizeIs(15));
  EXPECT_LE(receiver.most_at_once(), 2);
}

TEST_P(DispatcherTest, SeveralDispatchersSendEverythingOnce) {
  HttpReceiver receiver;
  TellRed("hook", receiver.url());
  TurnRed(60);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([this] { Drain(*NewDispatcher()); });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> ids;
  for (const HttpRequest& request : receiver.received()) ids.insert(request.headers.at("webhook-id"));
  EXPECT_THAT(receiver.received(), SizeIs(60));
  EXPECT_THAT(ids, SizeIs(60));
  for (const Delivery& delivery : Deliveries()) {
    EXPECT_EQ(delivery.standing.state, State::kAccepted);
    EXPECT_EQ(delivery.standing.attempts, 1);
  }
}

TEST_P(DispatcherTest, NoSecretAndNoUrlIsLogged) {
  HttpReceiver receiver([](int, const HttpRequest&) { return Answer(500); });
  TellRed("hook", receiver.url() + "?token=canary-7f3a");
  TurnRed();
  ::testing::internal::CaptureStderr();
  Drain(*NewDispatcher());
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("a delivery failed"));
  EXPECT_FALSE(absl::StrContains(log, "canary-7f3a"));
  EXPECT_FALSE(absl::StrContains(log, std::string(24, 'k')));
  EXPECT_FALSE(absl::StrContains(log, WriteSecret(std::string(24, 'k'))));
}

}  // namespace
}  // namespace waymark::notification
