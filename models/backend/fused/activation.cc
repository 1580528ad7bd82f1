/** GEGLU with the exact (erf) GELU. packed [n, 2·inner]: products of a value and a gate side by side, before their bias. */
#include "math.h"
#include "operation.h"
#include "parallel.h"

namespace sostenuto {
namespace {

constexpr float kRootHalf = 0.70710678f;
constexpr float kDensity = 0.39894228f;  // 1/√(2π)

/** packed, bias [2·inner] → value·gate·Φ(gate) [n, inner] of packed + bias */
void geglu(const Call& call) {
  const Shape& shape = call.out[0].shape;
  const int64_t inner = side(shape, -1);
  parallel(sizeOf(shape) / inner, worthwhile(inner), [&](int64_t begin, int64_t end) {
    Reader from(call.in[0], 2 * inner), bias(call.in[1], 2 * inner);
    Writer to(call.out[0], inner);
    const float* b = bias.row(0);
    for (int64_t i = begin; i < end; i++) {
      const float* x = from.row(i);
      float* y = to.row(i);
#pragma omp simd
      for (int64_t j = 0; j < inner; j++) {
        const float gate = x[inner + j] + b[inner + j];
        y[j] = (x[j] + b[j]) * gate * (0.5f + 0.5f * erfOf(gate * kRootHalf));
      }
      to.done(i);
    }
  });
}

/** Parts of the rows whose sums are made apart. */
constexpr int64_t kParts = 16;

/** dy [n, inner], packed, bias → dPacked, dBias */
void gegluGradient(const Call& call) {
  const int64_t inner = side(call.in[0].shape, -1), rows = sizeOf(call.in[0].shape) / inner;
  std::vector<float> sums(kParts * 2 * inner);
  parallel(kParts, 1, [&](int64_t first, int64_t last) {
    Reader slopes(call.in[0], inner), from(call.in[1], 2 * inner), bias(call.in[2], 2 * inner);
    Writer to(call.out[0], 2 * inner);
    const float* b = bias.row(0);
    for (int64_t part = first; part < last; part++) {
      float* sum = &sums[part * 2 * inner];
      for (int64_t i = rows * part / kParts; i < rows * (part + 1) / kParts; i++) {
        const float *d = slopes.row(i), *x = from.row(i);
        float* dx = to.row(i);
#pragma omp simd
        for (int64_t j = 0; j < inner; j++) {
          const float v = x[j] + b[j], g = x[inner + j] + b[inner + j];
          const float cumulative = 0.5f + 0.5f * erfOf(g * kRootHalf);
          const float density = kDensity * expOf(-0.5f * g * g);
          const float dGate = d[j] * v * (cumulative + g * density), dValue = d[j] * g * cumulative;
          dx[inner + j] = dGate;
          dx[j] = dValue;
          sum[inner + j] += dGate;
          sum[j] += dValue;
        }
        to.done(i);
      }
    }
  });
  addParts(sums, 1, kParts, 2 * inner, call.out[1]);
}

}  // namespace

std::vector<Operation> activationOperations() {
  return {
      {"Geglu", 2, 1,
       [](const Shapes& in) -> Shapes {
         Shape shape = in[0];
         shape.back() /= 2;
         return {shape};
       },
       geglu},
      {"GegluGradient", 3, 2, [](const Shapes& in) -> Shapes { return {in[1], in[2]}; }, gegluGradient, {1}},
  };
}

}  // namespace sostenuto
