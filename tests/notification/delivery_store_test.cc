#include "services/notification/delivery_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/notification/channel_store.h"
#include "services/notification/playbook_store.h"
#include "tests/support/databases.h"

namespace waymark::notification {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

absl::Time Noon() { return absl::FromUnixSeconds(1'777'896'000); }  // 4 May 2026, 12:00 UTC.

Notification About(std::string customer_id, std::string effect_key, std::string id, std::string workspace = "acme") {
  return {.workspace = std::move(workspace),
          .notification_id = std::move(id),
          .playbook_id = "welcome",
          .playbook_version = 3,
          .step_key = "tell",
          .customer_id = customer_id,
          .effect_key = std::move(effect_key),
          .kind = TriggerKind::kBandChanged,
          .variables = {{"customer_id", customer_id}, {"band", "red"}, {"odd", "a=b"}},
          .title = "Title",
          .text = "Two\nlines",
          .occur_time = Noon() - absl::Hours(1),
          .create_time = Noon()};
}

Delivery Of(const Notification& notification, std::string id, std::string channel_id, absl::Time next_at = Noon()) {
  Standing standing = Plan(Noon(), "").value();
  standing.next_at = next_at;
  return {.workspace = notification.workspace,
          .delivery_id = std::move(id),
          .notification_id = notification.notification_id,
          .customer_id = notification.customer_id,
          .channel_id = std::move(channel_id),
          .wire_id = WireIdOf(notification.notification_id),
          .standing = standing,
          .create_time = Noon(),
          .update_time = Noon()};
}

std::vector<std::string> Ids(const std::vector<Delivery>& deliveries) {
  std::vector<std::string> ids;
  for (const Delivery& delivery : deliveries) ids.push_back(delivery.delivery_id);
  return ids;
}

class DeliveryStoreTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  template <typename Body>
  void Do(Body body) {
    const absl::Status status = db_->Transact([&](sql::Transaction& tx) -> absl::Status { return body(tx); });
    ASSERT_TRUE(status.ok()) << status;
  }

  const std::unique_ptr<sql::Database> db_ =
      support::OpenFresh(GetParam(), {PlaybookSchema(), ChannelSchema(), DeliverySchema()});
};
INSTANTIATE_TEST_SUITE_P(Engines, DeliveryStoreTest, support::BothEngines(), support::EngineName);

TEST_P(DeliveryStoreTest, AnEffectIsTakenOncePerPlaybookStepAndWorkspace) {
  Notification other_step = About("acme", "stage/1", "n4");
  other_step.step_key = "escalate";
  Do([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(
        const std::vector<bool> added,
        AddNotifications(tx, {About("acme", "stage/1", "n1"), About("acme", "stage/1", "n2"),
                              About("acme", "stage/2", "n3"), other_step, About("acme", "stage/1", "n5", "globex")}));
    EXPECT_THAT(added, ElementsAre(true, false, true, true, true));
    return absl::OkStatus();
  });
  Do([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const std::vector<bool> added, AddNotifications(tx, {About("acme", "stage/1", "n6")}));
    EXPECT_THAT(added, ElementsAre(false));
    return absl::OkStatus();
  });
}

TEST_P(DeliveryStoreTest, WhatWasStoredIsRead) {
  const Notification notification = About("acme", "band/1", "n1");
  const Delivery delivery = Of(notification, "d1", "ops");
  Do([&](sql::Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(AddNotifications(tx, {notification}).status());
    RETURN_IF_ERROR(AddDeliveries(tx, {delivery}));
    ASSIGN_OR_RETURN(const Delivery read, LoadDelivery(tx, "acme", "d1"));
    EXPECT_EQ(read.standing, delivery.standing);
    EXPECT_EQ(read.wire_id, "msg_n1");
    ASSIGN_OR_RETURN(const std::vector<Notification> notifications, LoadNotifications(tx, {read}));
    EXPECT_EQ(notifications[0].variables, notification.variables);
    EXPECT_EQ(notifications[0].text, "Two\nlines");
    EXPECT_EQ(notifications[0].occur_time, notification.occur_time);
    return absl::OkStatus();
  });
}

TEST_P(DeliveryStoreTest, ADeliveryOfAnotherWorkspaceIsNotFound) {
  Do([&](sql::Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(AddDeliveries(tx, {Of(About("acme", "band/1", "n1"), "d1", "ops")}));
    EXPECT_EQ(LoadDelivery(tx, "globex", "d1").status().code(), absl::StatusCode::kNotFound);
    return absl::OkStatus();
  });
}

TEST_P(DeliveryStoreTest, ANotificationWithoutADeliveryIsListedAndErasedWithItsCustomer) {
  Do([&](sql::Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(AddNotifications(tx, {About("globex", "stage/1", "n1")}).status());
    ASSIGN_OR_RETURN(const std::vector<std::string> before, ListCustomers(tx, "acme", "", 10));
    EXPECT_THAT(before, ElementsAre("globex"));
    RETURN_IF_ERROR(EraseCustomer(tx, "acme", "globex"));
    ASSIGN_OR_RETURN(const std::vector<std::string> after, ListCustomers(tx, "acme", "", 10));
    EXPECT_THAT(after, IsEmpty());
    ASSIGN_OR_RETURN(const std::vector<bool> added, AddNotifications(tx, {About("globex", "stage/1", "n2")}));
    EXPECT_THAT(added, ElementsAre(true));
    return absl::OkStatus();
  });
}

TEST_P(DeliveryStoreTest, OnlyTheHolderOfTheLastLeaseSaves) {
  const Delivery ready = Of(About("acme", "band/1", "n1"), "d1", "ops");
  Delivery leased = ready;
  leased.standing = TakeUp(ready.standing, Noon(), absl::Minutes(1), 0).value();
  Do([&](sql::Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(AddDeliveries(tx, {ready}));
    EXPECT_TRUE(SaveStanding(tx, ready, leased.standing, Noon()).value());
    EXPECT_FALSE(SaveStanding(tx, ready, leased.standing, Noon()).value()) << "it is no longer READY";
    const Standing taken_over = TakeUp(leased.standing, Noon() + absl::Minutes(1), absl::Minutes(1), 0).value();
    EXPECT_TRUE(SaveStanding(tx, leased, taken_over, Noon()).value());
    const Standing sending = BeginSending(leased.standing, Noon(), absl::Minutes(1), "").value();
    EXPECT_FALSE(SaveStanding(tx, leased, sending, Noon()).value()) << "LEASED, but by another";
    ASSIGN_OR_RETURN(const Delivery read, LoadDelivery(tx, "acme", "d1"));
    EXPECT_EQ(read.standing, taken_over);
    return absl::OkStatus();
  });
}

TEST_P(DeliveryStoreTest, ListsNewestFirstByCustomerAndState) {
  Do([&](sql::Transaction& tx) -> absl::Status {
    Delivery skipped = Of(About("hooli", "band/3", "n3"), "d3", "ops");
    skipped.standing = Plan(Noon(), "channel_disabled").value();
    RETURN_IF_ERROR(AddDeliveries(
        tx, {Of(About("acme", "band/1", "n1"), "d1", "ops"), Of(About("hooli", "band/2", "n2"), "d2", "ops"), skipped,
             Of(About("acme", "band/4", "n4", "globex"), "d4", "ops")}));
    const auto list = [&](const DeliveryFilter& filter, absl::string_view below, int limit) {
      return Ids(ListDeliveries(tx, "acme", filter, below, limit).value());
    };
    EXPECT_THAT(list({.customer_id = "", .state = {}}, "", 10), ElementsAre("d3", "d2", "d1"));
    EXPECT_THAT(list({.customer_id = "", .state = {}}, "d3", 1), ElementsAre("d2"));
    EXPECT_THAT(list({.customer_id = "hooli", .state = {}}, "", 10), ElementsAre("d3", "d2"));
    EXPECT_THAT(list({.customer_id = "", .state = State::kReady}, "", 10), ElementsAre("d2", "d1"));
    EXPECT_THAT(list({.customer_id = "hooli", .state = State::kSkipped}, "", 10), ElementsAre("d3"));
    EXPECT_THAT(list({.customer_id = "acme", .state = State::kSkipped}, "", 10), IsEmpty());
    return absl::OkStatus();
  });
}

TEST_P(DeliveryStoreTest, DueIsWhatIsToBeLookedAtTheLongestDueOfEachChannelFirst) {
  Do([&](sql::Transaction& tx) -> absl::Status {
    for (const char* workspace : {"acme", "globex"}) {
      for (const char* channel_id : {"ops", "idle"}) {
        const Channel channel = {.channel_id = channel_id, .title = "Channel", .url = "", .create_time = Noon()};
        RETURN_IF_ERROR(AddChannel(tx, workspace, channel, ""));
      }
    }
    std::vector<Delivery> deliveries;
    for (int i = 1; i <= 4; ++i) {
      deliveries.push_back(Of(About("acme", absl::StrCat("band/", i), absl::StrCat("n", i)), absl::StrCat("d", i),
                              "ops", Noon() - absl::Minutes(i)));
    }
    deliveries.push_back(Of(About("acme", "band/5", "n5"), "d5", "idle", Noon() + absl::Seconds(1)));
    deliveries.push_back(Of(About("acme", "band/6", "n6", "globex"), "d6", "ops"));
    deliveries.push_back(Of(About("acme", "band/7", "n7", "globex"), "d7", "ops"));
    deliveries.back().standing = Plan(Noon(), "channel_disabled").value();
    RETURN_IF_ERROR(AddDeliveries(tx, deliveries));
    ASSIGN_OR_RETURN(const std::vector<ChannelName> channels, ListDueChannels(tx, Noon()));
    EXPECT_THAT(channels, ElementsAre(ChannelName{"acme", "ops"}, ChannelName{"globex", "ops"}));
    EXPECT_THAT(Ids(LoadDue(tx, channels, Noon(), 3).value()), ElementsAre("d4", "d3", "d2", "d6"));
    return absl::OkStatus();
  });
}

TEST_P(DeliveryStoreTest, AnAttemptEndsOnce) {
  const Delivery delivery = Of(About("acme", "band/1", "n1"), "d1", "ops");
  Do([&](sql::Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(BeginAttempt(tx, delivery, 1, Noon()));
    ASSIGN_OR_RETURN(std::vector<Attempt> attempts, LoadAttempts(tx, delivery));
    EXPECT_EQ(attempts[0].verdict, std::nullopt);
    EXPECT_EQ(attempts[0].end_time, std::nullopt);
    const Outcome lost = {.verdict = Verdict::kUnknown, .detail = "lost", .excerpt = "", .retry_after = {}};
    const Outcome late = {.verdict = Verdict::kAccepted, .detail = "late", .excerpt = "", .retry_after = {}};
    RETURN_IF_ERROR(EndAttempt(tx, delivery, 1, lost, Noon() + absl::Seconds(1)));
    RETURN_IF_ERROR(EndAttempt(tx, delivery, 1, late, Noon() + absl::Seconds(2)));
    ASSIGN_OR_RETURN(attempts, LoadAttempts(tx, delivery));
    EXPECT_EQ(attempts[0].verdict, Verdict::kUnknown);
    EXPECT_EQ(attempts[0].detail, "lost");
    EXPECT_EQ(attempts[0].end_time, Noon() + absl::Seconds(1));
    return absl::OkStatus();
  });
}

TEST_P(DeliveryStoreTest, SecretsAreReadApartFromChannels) {
  const std::string secret("\0\xff secret", 9);
  Do([&](sql::Transaction& tx) -> absl::Status {
    const Channel channel = {.channel_id = "ops",
                             .title = "Ops",
                             .kind = ChannelKind::kWebhook,
                             .url = "https://example.com/",
                             .create_time = Noon()};
    RETURN_IF_ERROR(AddChannel(tx, "acme", channel, secret));
    EXPECT_EQ(LoadChannel(tx, "acme", "ops").value(), channel);
    EXPECT_EQ(LoadSecret(tx, "acme", "ops").value(), secret);
    EXPECT_EQ(LoadSecret(tx, "globex", "ops").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(AddChannel(tx, "acme", channel, "").code(), absl::StatusCode::kAlreadyExists);
    return absl::OkStatus();
  });
}

TEST_P(DeliveryStoreTest, ADisabledChannelIsNotAmongTheActive) {
  Do([&](sql::Transaction& tx) -> absl::Status {
    for (const char* channel_id : {"ops", "sales"}) {
      const Channel channel = {.channel_id = channel_id, .title = "Channel", .url = "", .create_time = Noon()};
      RETURN_IF_ERROR(AddChannel(tx, "acme", channel, ""));
    }
    RETURN_IF_ERROR(DisableChannel(tx, "acme", "sales"));
    EXPECT_THAT(ActiveAmong(tx, "acme", {"ops", "sales", "nowhere"}).value(), ElementsAre("ops"));
    EXPECT_THAT(ActiveAmong(tx, "globex", {"ops"}).value(), IsEmpty());
    return absl::OkStatus();
  });
}

TEST_P(DeliveryStoreTest, OnlyTheLatestPublishedVersionWaits) {
  const Trigger adoption = {TriggerKind::kStageEntered, "onboarding", "adoption"};
  const Trigger renewal = {TriggerKind::kStageEntered, "onboarding", "renewal"};
  Do([&](sql::Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(AddPlaybook(tx, "acme", {.playbook_id = "welcome", .title = "Welcome", .create_time = Noon()}));
    for (uint32_t number = 1; number <= 3; ++number) {
      RETURN_IF_ERROR(AddVersion(tx, "acme",
                                 {.playbook_id = "welcome",
                                  .number = number,
                                  .definition = "x",
                                  .content_hash = "",
                                  .change_note = "",
                                  .create_time = Noon(),
                                  .publish_time = std::nullopt}));
    }
    const auto waiting = [&](const Trigger& trigger) {
      std::vector<uint32_t> numbers;
      const auto answers = LoadWaiting(tx, {{"acme", trigger}, {"globex", trigger}}).value();
      EXPECT_THAT(answers[1], IsEmpty()) << "of another workspace";
      for (const Version& version : answers[0]) numbers.push_back(version.number);
      return numbers;
    };
    EXPECT_THAT(waiting(adoption), IsEmpty());
    Version first = LoadVersion(tx, "acme", "welcome", 1).value();
    first.publish_time = Noon();
    RETURN_IF_ERROR(SavePublication(tx, "acme", first, adoption));
    EXPECT_THAT(waiting(adoption), ElementsAre(1));
    Version second = LoadVersion(tx, "acme", "welcome", 2).value();
    second.publish_time = Noon();
    RETURN_IF_ERROR(SavePublication(tx, "acme", second, renewal));
    EXPECT_THAT(waiting(adoption), IsEmpty());
    EXPECT_THAT(waiting(renewal), ElementsAre(2));
    EXPECT_EQ(LoadPublished(tx, "acme", "welcome")->number, 2);
    EXPECT_EQ(LoadPlaybook(tx, "acme", "welcome")->last_number, 3);
    return absl::OkStatus();
  });
}

}  // namespace
}  // namespace waymark::notification
