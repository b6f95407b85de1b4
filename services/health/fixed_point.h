// Arithmetic of scores on integers alone: the same input gives the same bits on every machine and build, which libm
// does not promise.
#ifndef WAYMARK_SERVICES_HEALTH_FIXED_POINT_H_
#define WAYMARK_SERVICES_HEALTH_FIXED_POINT_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace waymark::health {

// Wide enough for a product of two 64-bit numbers.
using Wide = __int128;

// n / d to the nearest integer, halves to the even one. d > 0.
int64_t DivideHalfEven(Wide n, Wide d);

// 2^-(n/d) in units of 2^-62, with an error below 1e-9 of 1. n >= 0, d > 0, d < 2^94.
int64_t PowerOfHalf(Wide n, Wide d);

// log2(a/b) in units of 2^-40, with an error below two units; Log2Ratio(b, a) is exactly its opposite. a, b > 0.
int64_t Log2Ratio(int64_t a, int64_t b);

// Rounds numerators[i] / denominator to integers that add up to `total`, by largest remainder; of equal remainders the
// first is rounded up. `total` must be the rounded sum, either way, of what is divided; numerators >= 0.
std::vector<int64_t> Apportion(int64_t total, absl::Span<const int64_t> numerators, int64_t denominator);

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_FIXED_POINT_H_
