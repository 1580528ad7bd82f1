/** h + gate·y: what a block adds, by a gate of each sample. */
#include "operation.h"
#include "parallel.h"

namespace sostenuto {
namespace {

/** h [B,T,d], gate [B,1,d], y [B,T,d] → h + gate·y */
void gatedSum(const Call& call) {
  const int64_t width = side(call.in[0].shape, -1), group = side(call.in[0].shape, 1), rows = group * side(call.in[0].shape, 0);
  parallel(rows, worthwhile(width), [&](int64_t begin, int64_t end) {
    Reader h(call.in[0], width), gates(call.in[1], width), y(call.in[2], width);
    Writer to(call.out[0], width);
    for (int64_t i = begin; i < end; i++) {
      const float *a = h.row(i), *g = gates.row(i / group), *b = y.row(i);
      float* sum = to.row(i);
#pragma omp simd
      for (int64_t j = 0; j < width; j++) sum[j] = a[j] + g[j] * b[j];
      to.done(i);
    }
  });
}

constexpr int64_t kParts = 4;

/** dy, gate, y → dGate [B,1,d], dY */
void gatedSumGradient(const Call& call) {
  const Values& dy = call.in[0];
  const int64_t width = side(dy.shape, -1), group = side(dy.shape, 1), batch = side(dy.shape, 0);
  std::vector<float> sums(batch * kParts * width);
  parallel(batch * kParts, 1, [&](int64_t first, int64_t last) {
    Reader slopes(dy, width), gates(call.in[1], width), values(call.in[2], width);
    Writer to(call.out[1], width);
    for (int64_t part = first; part < last; part++) {
      const int64_t start = part / kParts * group, place = part % kParts;
      const float* g = gates.row(part / kParts);
      float* sum = &sums[part * width];
      for (int64_t i = start + group * place / kParts; i < start + group * (place + 1) / kParts; i++) {
        const float *d = slopes.row(i), *y = values.row(i);
        float* out = to.row(i);
#pragma omp simd
        for (int64_t j = 0; j < width; j++) {
          sum[j] += d[j] * y[j];
          out[j] = d[j] * g[j];
        }
        to.done(i);
      }
    }
  });
  addParts(sums, batch, kParts, width, call.out[0]);
}

}  // namespace

std::vector<Operation> gateOperations() {
  return {
      {"GatedSum", 3, 1, [](const Shapes& in) -> Shapes { return {in[0]}; }, gatedSum},
      {"GatedSumGradient", 3, 2, [](const Shapes& in) -> Shapes { return {in[1], in[0]}; }, gatedSumGradient},
  };
}

}  // namespace sostenuto
