/** Passes of an optimiser over all weights, all [n] in float32: each waits for memory alone. */
#include <cmath>

#include "operation.h"
#include "parallel.h"

namespace sostenuto {
namespace {

constexpr int64_t kLeast = 1 << 14;

const float* in(const Call& call, int i) { return static_cast<const float*>(call.in[i].data); }

template <typename Next>
void eachWeight(const Call& call, const Next& next) {
  float* out = static_cast<float*>(call.out[0].data);
  parallel(sizeOf(call.out[0].shape), kLeast, [&](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t j = begin; j < end; j++) out[j] = next(j);
  });
}

/** old, new, a [], b [] → a·old + b·new */
void blend(const Call& call) {
  const float *old = in(call, 0), *added = in(call, 1), kept = call.scalar(2), share = call.scalar(3);
  eachWeight(call, [=](int64_t j) { return kept * old[j] + share * added[j]; });
}

/** old, new, a [], b [] → a·old + b·new² */
void blendSquare(const Call& call) {
  const float *old = in(call, 0), *added = in(call, 1), kept = call.scalar(2), share = call.scalar(3);
  eachWeight(call, [=](int64_t j) { return kept * old[j] + share * (added[j] * added[j]); });
}

/** weights, first and second moment, rate [], ε [], share of the weights that is kept [] → weights */
void adam(const Call& call) {
  const float *weights = in(call, 0), *first = in(call, 1), *second = in(call, 2);
  const float rate = call.scalar(3), epsilon = call.scalar(4), kept = call.scalar(5);
  eachWeight(call, [=](int64_t j) { return kept * weights[j] - rate * (first[j] / (std::sqrt(second[j]) + epsilon)); });
}

}  // namespace

std::vector<Operation> updateOperations() {
  const auto first = [](const Shapes& in) -> Shapes { return {in[0]}; };
  return {{"Blend", 4, 1, first, blend}, {"BlendSquare", 4, 1, first, blendSquare}, {"Adam", 6, 1, first, adam}};
}

}  // namespace sostenuto
