#include "services/journey/templates/templates.h"

#include <algorithm>
#include <array>

#include "templates/texts.h"  // Made from the .yaml files beside this one.

namespace waymark::journey {
namespace {

constexpr std::array<Template, 4> kTemplates = {{
    {.id = "saas",
     .title = "From first login to renewal",
     .summary = "A subscription for teams: onboarding, adoption, expansion, renewal",
     .yaml = k_saas},
    {.id = "enterprise",
     .title = "Enterprise programme",
     .summary =
         "High touch: hand-off from sales, kickoff, training, go-live, reviews, a renewal that begins six months ahead",
     .yaml = k_enterprise},
    {.id = "trial",
     .title = "From trial to paid",
     .summary = "Self-service: trial, activation, decision, paid; those who go quiet are seen",
     .yaml = k_trial},
    {.id = "ecommerce",
     .title = "From first visit to regular",
     .summary = "A shop: visit, cart, purchase, repeat; abandoned carts and follow-ups",
     .yaml = k_ecommerce},
}};

}  // namespace

absl::Span<const Template> Templates() { return kTemplates; }

const Template* FindTemplate(absl::string_view id) {
  const auto found =
      std::find_if(kTemplates.begin(), kTemplates.end(), [&](const Template& one) { return one.id == id; });
  return found == kTemplates.end() ? nullptr : &*found;
}

}  // namespace waymark::journey
