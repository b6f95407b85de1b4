#include "services/health/fixed_point.h"

#include <algorithm>
#include <numeric>

namespace waymark::health {
namespace {

constexpr int64_t kOne = int64_t{1} << 62;

// 2^-(2^-k) for k = 1 … 32, in units of 2^-62, computed with 60 decimals.
constexpr int64_t kRoots[] = {3260954456333195553, 3877950241171266237, 4228934724888366668, 4416165660797809419,
                              4512867096753504463, 4562008997483360349, 4586780255215411731, 4599216278082138665,
                              4605446927862164404, 4608565417332308035, 4610125453837388245, 4610905670110601999,
                              4611295827762151833, 4611490918967884501, 4611588467665893036, 4611637242788701951,
                              4611661630543559956, 4611673824469352645, 4611679921444339948, 4611682969934856344,
                              4611684494180870228, 4611685256304066092, 4611685637365711255, 4611685827896545643,
                              4611685923161965790, 4611685970794676601, 4611685994611032191, 4611686006519210032,
                              4611686012473298964, 4611686015450343433, 4611686016938865668, 4611686017683126786};

int BitLength(int64_t x) { return 64 - __builtin_clzll(static_cast<uint64_t>(x)); }

}  // namespace

int64_t DivideHalfEven(Wide n, Wide d) {
  Wide quotient = n / d;
  Wide remainder = n % d;
  if (remainder < 0) {
    quotient -= 1;
    remainder += d;
  }
  const Wide rest = d - remainder;
  if (remainder > rest || (remainder == rest && quotient % 2 != 0)) quotient += 1;
  return static_cast<int64_t>(quotient);
}

int64_t PowerOfHalf(Wide n, Wide d) {
  const Wide whole = n / d;
  if (whole >= 62) return 0;
  // The fraction of the exponent with 32 bits; each bit that is set contributes one root.
  const uint64_t fraction = static_cast<uint64_t>(((n % d) << 32) / d);
  int64_t power = kOne;
  for (int k = 1; k <= 32; ++k) {
    if ((fraction >> (32 - k)) & 1) power = static_cast<int64_t>((Wide{power} * kRoots[k - 1]) >> 62);
  }
  return power >> static_cast<int>(whole);
}

int64_t Log2Ratio(int64_t a, int64_t b) {
  if (a < b) return -Log2Ratio(b, a);
  // a/b = 2^exponent * mantissa with 1 <= mantissa < 2, the mantissa in units of 2^-62.
  int exponent = BitLength(a) - BitLength(b);
  uint64_t mantissa = static_cast<uint64_t>((Wide{a} << (62 - exponent)) / b);
  if (mantissa < static_cast<uint64_t>(kOne)) {
    --exponent;
    mantissa = static_cast<uint64_t>((Wide{a} << (62 - exponent)) / b);
  }
  int64_t log = exponent;
  for (int bit = 0; bit < 40; ++bit) {
    // Squaring doubles the logarithm: where the square reaches 2, its next binary digit is 1.
    uint64_t square = static_cast<uint64_t>((static_cast<unsigned __int128>(mantissa) * mantissa) >> 62);
    log *= 2;
    if (square >= (uint64_t{1} << 63)) {
      log += 1;
      square >>= 1;
    }
    mantissa = square;
  }
  return log;
}

std::vector<int64_t> Apportion(int64_t total, absl::Span<const int64_t> numerators, int64_t denominator) {
  std::vector<int64_t> parts;
  for (const int64_t numerator : numerators) parts.push_back(numerator / denominator);
  std::vector<size_t> order(numerators.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t left, size_t right) {
    return numerators[left] % denominator > numerators[right] % denominator;
  });
  int64_t missing = total - std::accumulate(parts.begin(), parts.end(), int64_t{0});
  for (size_t i = 0; i < order.size() && missing > 0; ++i, --missing) ++parts[order[i]];
  return parts;
}

}  // namespace waymark::health
