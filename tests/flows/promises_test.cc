// The promises I1 to I7 of the architecture, kept by processes of their own on PostgreSQL: two replicas of `milestone`
// and of each follower, random journeys and histories, repetitions, any order, and `kill -9` of one replica after the
// other. The checker reads what clients were told, and the databases, nothing else.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <array>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <tuple>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/journal/journal.h"
#include "services/milestone/convert.h"
#include "tests/flows/deployment.h"
#include "tests/milestone/random_lives.h"
#include "tests/milestone/replays.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"
#include "tests/support/delay.h"
#include "tests/support/http_receiver.h"
#include "tests/support/redis_server.h"
#include "waymark/milestone/v1/facts.pb.h"
#include "waymark/notification/v1/channel.grpc.pb.h"
#include "waymark/notification/v1/playbook.grpc.pb.h"

namespace waymark::flows {
namespace {

using ::testing::ContainerEq;
using ::testing::IsEmpty;

namespace v1 = milestone::v1;

constexpr int kJourneys = 20;   // Each in a workspace of its own …
constexpr int kCustomers = 20;  // … with so many customers.
constexpr int kKills = 12;
constexpr int kClients = 4;
const char* const kReplicas[] = {"milestone", "milestone#2"};

// A workspace, and what is in it: a customer's event, a passage's position, an effect.
using Thing = std::tuple<std::string, std::string, std::string>;

// What goes out in one call: events, or one record.
struct Parcel {
  std::string workspace;
  std::vector<v1::Event> events;
  std::optional<milestone::Sent> record;
};

std::string WorkspaceOf(int journey) { return absl::StrCat("w", journey); }
std::string CustomerOf(int i) { return absl::StrCat("customer-", i); }

// Cuts what is sent of a workspace's customers into parcels.
std::vector<Parcel> ToParcels(const std::string& workspace, const std::vector<milestone::Sent>& all, int most,
                              std::mt19937& random) {
  std::vector<Parcel> parcels;
  Parcel parcel{.workspace = workspace};
  size_t wanted = 1;
  for (const milestone::Sent& one : all) {
    const auto* event = std::get_if<v1::Event>(&one);
    if (event == nullptr) {
      parcels.push_back({.workspace = workspace, .record = one});
      continue;
    }
    parcel.events.push_back(*event);
    if (parcel.events.size() < wanted) continue;
    parcels.push_back(std::move(parcel));
    parcel = {.workspace = workspace};
    wanted = 1 + random() % most;
  }
  if (!parcel.events.empty()) parcels.push_back(std::move(parcel));
  return parcels;
}

// Of a replica.
struct Stubs {
  explicit Stubs(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
    events = v1::EventService::NewStub(channel);
    customers = v1::CustomerService::NewStub(channel);
    milestones = v1::MilestoneService::NewStub(channel);
  }
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::EventService::Stub> events;
  std::unique_ptr<v1::CustomerService::Stub> customers;
  std::unique_ptr<v1::MilestoneService::Stub> milestones;
};

absl::StatusOr<v1::IngestEventsResponse> Ingest(const Stubs& stubs, const Parcel& parcel) {
  v1::IngestEventsRequest request;
  for (const v1::Event& event : parcel.events) *request.add_events() = event;
  return milestone::Call<v1::IngestEventsResponse>(*stubs.events, &v1::EventService::Stub::IngestEvents, request,
                                                   parcel.workspace);
}

// Every entry of `milestone`'s journal up to some positions, lane by lane.
using Lanes = std::array<std::vector<journal::Entry>, journal::kLanes>;
using Positions = std::array<int64_t, journal::kLanes>;

class PromisesTest : public ::testing::Test {
 protected:
  // Reads on from `lanes`; each entry must have the next position.
  void ReadOn(Lanes& lanes) {
    for (int lane = 0; lane < journal::kLanes; ++lane) {
      for (bool more = true; more;) {
        const absl::Status read = milestone_db_->Read([&](sql::Transaction& tx) -> absl::Status {
          auto stretch = journal_->Read(tx, lane, static_cast<int64_t>(lanes[lane].size()), 1000, std::nullopt);
          if (!stretch.ok()) return stretch.status();
          more = !stretch->entries.empty();
          for (journal::Entry& entry : stretch->entries) {
            EXPECT_EQ(entry.position, static_cast<int64_t>(lanes[lane].size()) + 1) << "in lane " << lane;
            lanes[lane].push_back(std::move(entry));
          }
          return absl::OkStatus();
        });
        ASSERT_TRUE(read.ok()) << read;
      }
    }
  }

  // How far a follower is, in the transaction that tells what it has.
  static absl::StatusOr<Positions> CursorsOf(sql::Transaction& tx) {
    Positions positions{};
    auto rows = tx.Query("SELECT lane, position FROM journal_cursor WHERE source = 'milestone'");
    if (!rows.ok()) return rows.status();
    for (const sql::Row& row : *rows) positions[row.Int(0)] = row.Int(1);
    return positions;
  }

  // I7: at this very instant, what each follower has is what the journal up to its cursors tells, no more and no less.
  // Returns the sum of the cursors.
  int64_t ExpectFollowersHaveWhatTheirCursorsSay() {
    Positions health_cursors{}, notification_cursors{};
    std::map<Thing, int64_t> activity;
    std::set<Thing> passages, notified;
    const absl::Status health = health_db_->Read([&](sql::Transaction& tx) -> absl::Status {
      auto cursors = CursorsOf(tx);
      if (!cursors.ok()) return cursors.status();
      health_cursors = *cursors;
      auto counts = tx.Query("SELECT workspace, customer_id, event_type, events FROM activity");
      if (!counts.ok()) return counts.status();
      for (const sql::Row& row : *counts) activity[{row.Text(0), row.Text(1), row.Text(2)}] += row.Int(3);
      auto rows = tx.Query("SELECT workspace, customer_id, position FROM passage");
      if (!rows.ok()) return rows.status();
      for (const sql::Row& row : *rows) passages.insert({row.Text(0), row.Text(1), absl::StrCat(row.Int(2))});
      return absl::OkStatus();
    });
    EXPECT_TRUE(health.ok()) << health;
    const absl::Status notification = notification_db_->Read([&](sql::Transaction& tx) -> absl::Status {
      auto cursors = CursorsOf(tx);
      if (!cursors.ok()) return cursors.status();
      notification_cursors = *cursors;
      auto rows = tx.Query("SELECT workspace, customer_id, effect_key FROM notification");
      if (!rows.ok()) return rows.status();
      for (const sql::Row& row : *rows) {
        EXPECT_TRUE(notified.insert({row.Text(0), row.Text(1), row.Text(2)}).second) << "notified twice";
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(notification.ok()) << notification;

    ReadOn(seen_);
    std::map<Thing, int64_t> expected_activity;
    std::set<Thing> expected_passages, expected_notified;
    int64_t sum = 0;
    for (int lane = 0; lane < journal::kLanes; ++lane) {
      sum += health_cursors[lane] + notification_cursors[lane];
      EXPECT_LE(health_cursors[lane], static_cast<int64_t>(seen_[lane].size()));
      for (const journal::Entry& entry : seen_[lane]) {
        if (entry.position <= health_cursors[lane]) {
          if (v1::EventAccepted accepted; Is(entry, accepted)) {
            ++expected_activity[{entry.workspace, entry.key, accepted.event().type()}];
          } else if (TellsOfAPassage(entry)) {
            expected_passages.insert({entry.workspace, entry.key, absl::StrCat(entry.position)});
          }
        }
        v1::StageEntered entered;
        if (entry.position <= notification_cursors[lane] && Is(entry, entered) && entered.stage_key() == "s1" &&
            !entered.context().historical()) {
          expected_notified.insert({entry.workspace, entry.key, entered.context().effect_key()});
        }
      }
    }
    EXPECT_THAT(activity, ContainerEq(expected_activity));
    EXPECT_THAT(passages, ContainerEq(expected_passages));
    EXPECT_THAT(notified, ContainerEq(expected_notified));
    return sum;
  }

  template <typename Fact>
  static bool Is(const journal::Entry& entry, Fact& fact) {
    return entry.type == fact.GetDescriptor()->full_name() && fact.ParseFromString(entry.payload);
  }
  static bool TellsOfAPassage(const journal::Entry& entry) {
    if (v1::ConclusionRetracted retracted; Is(entry, retracted)) {
      return retracted.kind() == v1::RETRACTED_KIND_STAGE || retracted.kind() == v1::RETRACTED_KIND_COMPLETION ||
             retracted.kind() == v1::RETRACTED_KIND_EXIT;
    }
    for (const char* type : {"StageEntered", "StageRevised", "JourneyCompleted", "CustomerExited"}) {
      if (absl::EndsWith(entry.type, absl::StrCat(".", type))) return true;
    }
    return false;
  }

  // I4: of one effect key, something is achieved or entered only where it does not stand, and revised, revoked or
  // retracted only where it does.
  void ExpectEffectsStandAtMostOnce(const Lanes& lanes) {
    std::map<Thing, std::string> standing;  // By workspace, customer and effect key, what has come true.
    int told = 0;
    const auto begin = [&](const journal::Entry& entry, const v1::ProgressContext& context, const std::string& what) {
      ++told;
      const auto [found, fresh] = standing.try_emplace({entry.workspace, entry.key, context.effect_key()}, what);
      EXPECT_TRUE(fresh) << what << " at " << entry.lane << "/" << entry.position << ": " << found->second
                         << " stands already under " << context.effect_key();
    };
    const auto expect_standing = [&](const journal::Entry& entry, const v1::ProgressContext& context) {
      EXPECT_TRUE(standing.contains({entry.workspace, entry.key, context.effect_key()}))
          << entry.type << " at " << entry.lane << "/" << entry.position << " of what does not stand";
    };
    const auto end = [&](const journal::Entry& entry, const v1::ProgressContext& context) {
      expect_standing(entry, context);
      standing.erase({entry.workspace, entry.key, context.effect_key()});
    };
    for (const std::vector<journal::Entry>& lane : lanes) {
      for (const journal::Entry& entry : lane) {
        v1::CustomerEnrolled enrolled;
        v1::MilestoneAchieved achieved;
        v1::MilestoneRevised milestone_revised;
        v1::MilestoneRevoked revoked;
        v1::StageEntered entered;
        v1::StageRevised stage_revised;
        v1::JourneyCompleted completed;
        v1::CustomerExited exited;
        v1::ConclusionRetracted retracted;
        if (Is(entry, enrolled)) begin(entry, enrolled.context(), "an enrollment");
        if (Is(entry, achieved)) begin(entry, achieved.context(), achieved.milestone_key());
        if (Is(entry, milestone_revised)) expect_standing(entry, milestone_revised.context());
        if (Is(entry, entered)) begin(entry, entered.context(), entered.stage_key());
        if (Is(entry, stage_revised)) expect_standing(entry, stage_revised.context());
        if (Is(entry, completed)) begin(entry, completed.context(), "completed");
        if (Is(entry, exited)) begin(entry, exited.context(), "exited");
        if (Is(entry, revoked)) end(entry, revoked.context());
        if (!Is(entry, retracted)) continue;
        end(entry, retracted.context());
        if (retracted.kind() != v1::RETRACTED_KIND_ENROLLMENT) continue;
        // And everything that followed.
        const std::string& key = retracted.context().effect_key();
        const std::string run = key.substr(0, key.rfind("enrolled/"));
        std::erase_if(standing, [&](const auto& one) {
          return std::get<0>(one.first) == entry.workspace && std::get<1>(one.first) == entry.key &&
                 absl::StartsWith(std::get<2>(one.first), run);
        });
      }
    }
    EXPECT_GT(told, kJourneys * kCustomers);
  }

  // A webhook for whoever enters s1.
  void AddPlaybooks() {
    const auto channel = grpc::CreateChannel(deployment_.address("notification"), grpc::InsecureChannelCredentials());
    const auto channels = notification::v1::ChannelService::NewStub(channel);
    const auto playbooks = notification::v1::PlaybookService::NewStub(channel);
    using notification::v1::ChannelService;
    using notification::v1::PlaybookService;
    for (int i = 0; i < kJourneys; ++i) {
      const std::string workspace = WorkspaceOf(i);
      notification::v1::CreateChannelRequest hook;
      hook.mutable_channel()->set_channel_id("hook");
      hook.mutable_channel()->set_title("Hook");
      hook.mutable_channel()->mutable_webhook()->set_url(receiver_.url());
      ASSERT_TRUE(milestone::Call<notification::v1::CreateChannelResponse>(
                      *channels, &ChannelService::Stub::CreateChannel, hook, workspace)
                      .ok());
      notification::v1::CreatePlaybookRequest create;
      create.mutable_playbook()->set_playbook_id("entered");
      create.mutable_playbook()->set_title("Entered");
      ASSERT_TRUE(milestone::Call<notification::v1::CreatePlaybookResponse>(
                      *playbooks, &PlaybookService::Stub::CreatePlaybook, create, workspace)
                      .ok());
      notification::v1::CreateDraftRequest draft;
      draft.set_playbook_id("entered");
      notification::v1::StageEnteredTrigger& trigger =
          *draft.mutable_definition()->mutable_trigger()->mutable_stage_entered();
      trigger.set_journey_id("j");
      trigger.set_stage_key("s1");
      notification::v1::Step* step = draft.mutable_definition()->add_steps();
      step->set_key("tell");
      step->mutable_send()->set_channel_id("hook");
      step->mutable_send()->set_title("Entered");
      step->mutable_send()->set_text("{{customer_id}}");
      ASSERT_TRUE(milestone::Call<notification::v1::CreateDraftResponse>(
                      *playbooks, &PlaybookService::Stub::CreateDraft, draft, workspace)
                      .ok());
      notification::v1::PublishVersionRequest publish;
      publish.set_playbook_id("entered");
      publish.set_number(1);
      ASSERT_TRUE(milestone::Call<notification::v1::PublishVersionResponse>(
                      *playbooks, &PlaybookService::Stub::PublishVersion, publish, workspace)
                      .ok());
    }
  }

  // Sends parcels until none is left, each again and again to whichever replica the dice choose until it is taken.
  void SendAll(unsigned seed) {
    std::mt19937 random(seed);
    const Stubs replicas[] = {Stubs(deployment_.address(kReplicas[0])), Stubs(deployment_.address(kReplicas[1]))};
    while (true) {
      const size_t next = next_++;
      if (next >= parcels_.size()) return;
      const Parcel& parcel = parcels_[next];
      for (bool taken = false; !taken;) {
        const Stubs& stubs = replicas[random() % 2];
        if (parcel.record.has_value()) {
          const absl::Status sent =
              milestone::SendRecord(*stubs.customers, *stubs.milestones, *parcel.record, parcel.workspace);
          taken = sent.ok();
          EXPECT_TRUE(taken || absl::IsUnavailable(sent)) << sent;
          continue;
        }
        const auto answer = Ingest(stubs, parcel);
        taken = answer.ok();
        EXPECT_TRUE(taken || absl::IsUnavailable(answer.status())) << answer.status();
        if (!taken) continue;
        const absl::MutexLock lock(&mutex_);
        for (int i = 0; i < answer->results_size(); ++i) {
          const v1::EventOutcome outcome = answer->results(i).outcome();
          const v1::Event& event = parcel.events[i];
          EXPECT_TRUE(outcome == v1::EVENT_OUTCOME_ACCEPTED || outcome == v1::EVENT_OUTCOME_DUPLICATE)
              << answer->results(i).DebugString();
          int& accepted = acknowledged_[{parcel.workspace, event.customer_id(), event.event_id()}];
          accepted += outcome == v1::EVENT_OUTCOME_ACCEPTED;
        }
      }
      ++done_;
    }
  }

  // Where everybody stands: the hash of all of it.
  template <typename Ask>
  std::map<std::string, std::string> Hashes(Ask ask) {
    std::map<std::string, std::string> hashes;
    for (int journey = 0; journey < kJourneys; ++journey) {
      for (int i = 0; i < kCustomers; ++i) {
        const absl::StatusOr<v1::GetProgressResponse> progress = ask(WorkspaceOf(journey), CustomerOf(i));
        if (progress.ok()) hashes[absl::StrCat(WorkspaceOf(journey), "/", CustomerOf(i))] = progress->state_hash();
      }
    }
    return hashes;
  }

  support::HttpReceiver receiver_;
  support::RedisServer redis_;
  Deployment deployment_{sql::Engine::kPostgres, redis_.url()};
  const RealClock clock_;
  std::unique_ptr<sql::Database> milestone_db_ = support::OpenAt(deployment_.database("milestone"));
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<sql::Database> health_db_;
  std::unique_ptr<sql::Database> notification_db_;
  Lanes seen_;  // By a reader that looks again and again while entries are written.
  std::vector<Parcel> parcels_;
  std::atomic<size_t> next_ = 0, done_ = 0;
  absl::Mutex mutex_;
  // What has been acknowledged, and how often as ACCEPTED.
  std::map<Thing, int> acknowledged_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(PromisesTest, HoldWhileReplicasAreKilledAndFollowed) {
  const unsigned seed = milestone::Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  const absl::Time start = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()));

  // The same journeys there and, for comparison, in a world where everything comes once and in order.
  VirtualClock tidy_clock(start);
  const auto tidy_db = support::OpenFresh(sql::Engine::kSqlite);
  milestone::World tidy(*tidy_db, tidy_clock);
  std::set<Thing> sent;
  {
    VirtualClock clock(start);
    milestone::World world(*milestone_db_, clock);
    // Received when it is, so no lateness.
    milestone::RandomJourneys journeys(random, /*late=*/false);
    for (int journey = 0; journey < kJourneys; ++journey) {
      const std::string workspace = WorkspaceOf(journey);
      journey::v1::JourneyDefinition definition = journeys.Next();
      definition.mutable_effect_horizon()->set_seconds(30 * 86'400);  // What comes of it is no history.
      world.PublishOnly("j", 1, definition, workspace);
      tidy.PublishOnly("j", 1, definition, workspace);
      world.Settle();
      tidy.Settle();
      std::vector<milestone::Sent> all;
      for (int i = 0; i < kCustomers; ++i) {
        const std::vector<milestone::Sent> history = milestone::RandomHistory(random, CustomerOf(i), start);
        all.insert(all.end(), history.begin(), history.end());
      }
      for (const Parcel& parcel : ToParcels(workspace, all, 1000, random)) {
        for (const v1::Event& event : parcel.events) sent.insert({workspace, event.customer_id(), event.event_id()});
        if (parcel.record.has_value()) {
          ASSERT_TRUE(
              milestone::SendRecord(tidy.customers(), tidy.milestones(), *parcel.record, parcel.workspace).ok());
        } else {
          ASSERT_TRUE(tidy.Ingest(parcel.events, false, workspace).ok());
        }
      }
      for (size_t i = 0, once = all.size(); i < once; ++i) {
        if (random() % 3 == 0) all.push_back(all[i]);
      }
      std::shuffle(all.begin(), all.end(), random);
      for (Parcel& parcel : ToParcels(workspace, all, 10, random)) parcels_.push_back(std::move(parcel));
    }
    std::shuffle(parcels_.begin(), parcels_.end(), random);
  }

  for (const char* replica : kReplicas) deployment_.Start(replica);
  for (const char* replica : {"health", "health#2", "notification", "notification#2"}) deployment_.Start(replica);
  journal_ = journal::Journal::Open("milestone", *milestone_db_, clock_).value();
  health_db_ = support::OpenAt(deployment_.database("health"));
  notification_db_ = support::OpenAt(deployment_.database("notification"));
  AddPlaybooks();

  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) clients.emplace_back([this, i, seed] { SendAll(seed + i); });
  std::set<int64_t> instants;
  for (int kill = 0; kill < kKills; ++kill) {
    // At a random moment, evenly over the whole load.
    const size_t until = parcels_.size() * (kill + 1) / (kKills + 2);
    while (done_ < until) support::BeSlow(absl::Milliseconds(1));
    support::BeSlow(absl::Microseconds(random() % 5000));
    const char* const replica = kReplicas[random() % 2];
    deployment_.Kill(replica);
    instants.insert(ExpectFollowersHaveWhatTheirCursorsSay());
    deployment_.Start(replica);
    instants.insert(ExpectFollowersHaveWhatTheirCursorsSay());
  }
  for (std::thread& client : clients) client.join();
  EXPECT_GT(instants.size(), 5u) << "followers were looked at on their way";

  // Quiet: the followers come to the end of the journal.
  const auto at_end = [&](sql::Database& db) {
    ReadOn(seen_);
    Positions cursors{};
    EXPECT_TRUE(db.Read([&](sql::Transaction& tx) -> absl::Status {
                    auto found = CursorsOf(tx);
                    if (found.ok()) cursors = *found;
                    return found.status();
                  }).ok());
    for (int lane = 0; lane < journal::kLanes; ++lane) {
      if (cursors[lane] != static_cast<int64_t>(seen_[lane].size())) return false;
    }
    return true;
  };
  for (const absl::Time deadline = absl::Now() + absl::Minutes(2);
       !at_end(*health_db_) || !at_end(*notification_db_);) {
    ASSERT_LT(absl::Now(), deadline) << "the followers do not come to the end";
    support::BeSlow(absl::Milliseconds(20));
  }
  ExpectFollowersHaveWhatTheirCursorsSay();

  // I6: who looked while entries were written has seen what is there, each in its place.
  Lanes all;
  ReadOn(all);
  std::multiset<Thing> stored;
  for (int lane = 0; lane < journal::kLanes; ++lane) {
    ASSERT_EQ(all[lane].size(), seen_[lane].size());
    for (size_t i = 0; i < all[lane].size(); ++i) {
      ASSERT_EQ(all[lane][i].payload, seen_[lane][i].payload) << lane << "/" << i + 1;
      if (v1::EventAccepted accepted; Is(all[lane][i], accepted)) {
        stored.insert({all[lane][i].workspace, accepted.event().customer_id(), accepted.event().event_id()});
      }
    }
  }
  {
    // I1, I2 and I3: what was acknowledged is there, once; what is there was sent; and it was accepted once.
    const absl::MutexLock lock(&mutex_);
    EXPECT_EQ(std::set<Thing>(stored.begin(), stored.end()).size(), stored.size());
    for (const auto& [event, accepted] : acknowledged_) {
      EXPECT_TRUE(stored.contains(event)) << std::get<2>(event) << " was acknowledged and is missing";
      EXPECT_LE(accepted, 1) << std::get<2>(event) << " was accepted twice";
    }
    for (const Thing& event : stored) EXPECT_TRUE(sent.contains(event)) << std::get<2>(event) << " was never sent";
    EXPECT_EQ(acknowledged_.size(), sent.size());
  }
  ExpectEffectsStandAtMostOnce(all);

  // I3: a repetition is known as one, and another content refused, by both replicas.
  for (const Parcel& parcel : parcels_) {
    if (parcel.events.empty() || random() % 20 != 0) continue;
    for (const char* replica : kReplicas) {
      const Stubs stubs(deployment_.address(replica));
      Parcel other = parcel;
      for (v1::Event& event : other.events) event.set_type("something_else");
      const auto same = Ingest(stubs, parcel), different = Ingest(stubs, other);
      ASSERT_TRUE(same.ok() && different.ok());
      for (const auto& result : same->results()) EXPECT_EQ(result.outcome(), v1::EVENT_OUTCOME_DUPLICATE);
      for (const auto& result : different->results()) EXPECT_EQ(result.outcome(), v1::EVENT_OUTCOME_CONFLICT);
    }
  }

  // I5: everybody stands where the histories lead, whatever the order, and a recomputation finds nothing to mend.
  const Stubs stubs(deployment_.address("milestone#2"));
  tidy_clock.Advance(absl::Now() - start);
  tidy.Settle();
  const auto expected = Hashes(
      [&](const std::string& workspace, const std::string& customer) { return tidy.GetProgress(customer, workspace); });
  const auto found = Hashes([&](const std::string& workspace, const std::string& customer) {
    v1::GetProgressRequest request;
    request.set_customer_id(customer);
    return milestone::Call<v1::GetProgressResponse>(*stubs.milestones, &v1::MilestoneService::Stub::GetProgress,
                                                    request, workspace);
  });
  EXPECT_GT(expected.size(), size_t{kJourneys} * kCustomers * 9 / 10);
  EXPECT_THAT(found, ContainerEq(expected));
  const auto replays = v1::ReplayService::NewStub(stubs.channel);
  for (int journey = 0; journey < kJourneys; ++journey) {
    const auto report = milestone::Last<v1::RecomputeReport>(*replays, &v1::ReplayService::Stub::Recompute,
                                                             v1::RecomputeRequest(), WorkspaceOf(journey));
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->customers_differing(), 0) << report->DebugString();
  }
}

}  // namespace
}  // namespace waymark::flows
