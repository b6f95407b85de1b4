#include "services/milestone/revenue.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "services/milestone/analytics_convert.h"

namespace waymark::milestone {
namespace {

constexpr int64_t kParts = 10'000;  // Of one.
constexpr double kMostAmount = 1e10;
// What a customer brings at most: so that no number of events leaves the numbers of 64 bits.
constexpr int64_t kMostRevenue = int64_t{1'000'000'000'000} * kParts;

double ToAmount(absl::int128 parts) { return static_cast<double>(parts) / kParts; }

}  // namespace

Revenue::Revenue(const rules::Journey& shown, absl::Time from, const v1::GetRevenueRequest& request)
    : shown_(shown), from_(from), counterparts_(shown), stages_(shown.stages().size() + 1) {
  for (const v1::RevenueSource& source : request.sources()) sources_[source.event_type()] = &source;
}

std::optional<int64_t> Revenue::After(const rules::Item& event, const v1::RevenueSource& source, int64_t before) const {
  if (source.property().empty()) return 0;
  const rules::Property* property = rules::Find(event.properties, source.property());
  const double* amount = property == nullptr ? nullptr : std::get_if<double>(&property->value);
  if (amount == nullptr || !(std::abs(*amount) <= kMostAmount)) return std::nullopt;
  const int64_t parts = std::llround(*amount * kParts);
  const int64_t after = source.amount() == v1::REVENUE_AMOUNT_CHANGE ? before + parts : parts;
  return std::clamp<int64_t>(after, 0, kMostRevenue);
}

Revenue::Course Revenue::Follow(absl::Span<const rules::Item> history) {
  Course course;
  for (const rules::Item& item : history) {
    if (item.kind != rules::ItemKind::kEvent) continue;
    const auto source = sources_.find(item.type);
    if (source == sources_.end()) continue;
    const std::optional<int64_t> after = After(item, *source->second, course.end);
    if (!after.has_value()) {
      ++unreadable_;
      continue;
    }
    const int64_t growth = *after - course.end;
    course.end = *after;
    if (item.time <= from_) {
      course.start = *after;
    } else if (growth > 0) {
      course.expansion[source->second->kind()] += growth;
    } else if (*after > 0) {
      course.contraction -= growth;
    } else {
      course.churn -= growth;
    }
  }
  return course;
}

void Revenue::Add(const Course& course, Sums& sums) {
  ++sums.customers;
  if (course.end == 0) ++sums.churned_customers;
  sums.start += course.start;
  sums.end += course.end;
  sums.kept += std::min(course.start, course.end);
  sums.contraction += course.contraction;
  sums.churn += course.churn;
  for (const auto& [kind, growth] : course.expansion) {
    sums.expansion[kind].first += growth;
    ++sums.expansion[kind].second;
  }
}

void Revenue::Add(const Traveller& traveller) {
  const Course course = Follow(traveller.history);
  if (course.start == 0) return;
  const rules::Run& run = *traveller.runs.back();
  const std::optional<size_t> stage =
      run.ended() ? std::nullopt : counterparts_.Of(traveller.journey).stages[run.stage()];
  Add(course, total_);
  Add(course, stages_[stage.value_or(shown_.stages().size())]);
}

v1::RevenueRetention Revenue::ToProto(const Sums& sums) {
  v1::RevenueRetention to;
  to.set_customers(sums.customers);
  to.set_churned_customers(sums.churned_customers);
  to.set_start_amount(ToAmount(sums.start));
  to.set_end_amount(ToAmount(sums.end));
  for (const auto& [kind, growth] : sums.expansion) {
    v1::RevenueExpansion& expansion = *to.add_expansion();
    expansion.set_kind(kind);
    expansion.set_amount(ToAmount(growth.first));
    expansion.set_customers(growth.second);
  }
  to.set_contraction(ToAmount(sums.contraction));
  to.set_churn(ToAmount(sums.churn));
  if (sums.start > 0) {
    to.set_net_retention(static_cast<double>(sums.end) / static_cast<double>(sums.start));
    to.set_gross_retention(static_cast<double>(sums.kept) / static_cast<double>(sums.start));
  }
  return to;
}

void Revenue::Write(v1::GetRevenueResponse& to) const {
  *to.mutable_total() = ToProto(total_);
  for (size_t i = 0; i < stages_.size(); ++i) {
    const bool is_none = i == shown_.stages().size();
    if (is_none && stages_[i].customers == 0) continue;
    v1::StageRevenue& stage = *to.add_stages();
    if (!is_none) {
      stage.set_stage_key(shown_.stages()[i].key);
      stage.set_title(TitleOf(shown_.stages()[i]));
    }
    *stage.mutable_retention() = ToProto(stages_[i]);
  }
  to.set_unreadable_events(unreadable_);
}

}  // namespace waymark::milestone
