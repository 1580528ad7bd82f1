/** Root-mean-square norm: y = x·s·gain, s = √d/max(‖x‖, 10⁻¹²). x [...,d], gain [d] or one for each of equal parts of the rows, [B,1,d]. */
#include <cmath>

#include "operation.h"
#include "parallel.h"

namespace sostenuto {
namespace {

Shape scaleShape(Shape x) {
  x.back() = 1;
  return x;
}

/** x, gain → y, s [...,1] */
void rmsNorm(const Call& call) {
  const Values &x = call.in[0], &gain = call.in[1];
  const int64_t width = side(x.shape, -1), rows = sizeOf(x.shape) / width;
  const int64_t group = rows / (sizeOf(gain.shape) / width);
  const float root = std::sqrt(static_cast<float>(width));
  parallel(rows, worthwhile(width), [&](int64_t begin, int64_t end) {
    Reader from(x, width), gains(gain, width);
    Writer to(call.out[0], width), scales(call.out[1], 1);
    for (int64_t i = begin; i < end; i++) {
      const float *u = from.row(i), *g = gains.row(i / group);
      float squares = 0;
#pragma omp simd reduction(+ : squares)
      for (int64_t j = 0; j < width; j++) squares += u[j] * u[j];
      const float norm = std::sqrt(squares);
      const float scale = root / (norm < 1e-12f ? 1e-12f : norm);
      float* y = to.row(i);
#pragma omp simd
      for (int64_t j = 0; j < width; j++) y[j] = u[j] * scale * g[j];
      to.done(i);
      *scales.row(i) = scale;
      scales.done(i);
    }
  });
}

/** Parts of a group of rows whose sums are made apart. */
constexpr int64_t kParts = 8;

/** dy, x, s, gain → dx, dGain */
void rmsNormGradient(const Call& call) {
  const Values &dy = call.in[0], &x = call.in[1], &gain = call.in[3];
  const int64_t width = side(x.shape, -1), rows = sizeOf(x.shape) / width;
  const int64_t groups = sizeOf(gain.shape) / width, group = rows / groups;
  std::vector<float> sums(groups * kParts * width);
  parallel(groups * kParts, 1, [&](int64_t first, int64_t last) {
    Reader slopes(dy, width), from(x, width), scales(call.in[2], 1), gains(gain, width);
    Writer to(call.out[0], width);
    for (int64_t part = first; part < last; part++) {
      const int64_t start = part / kParts * group, place = part % kParts;
      const float* g = gains.row(part / kParts);
      float* sum = &sums[part * width];
      for (int64_t i = start + group * place / kParts; i < start + group * (place + 1) / kParts; i++) {
        const float *d = slopes.row(i), *u = from.row(i);
        const float scale = *scales.row(i);
        float along = 0;
#pragma omp simd reduction(+ : along)
        for (int64_t j = 0; j < width; j++) along += d[j] * g[j] * u[j];
        along *= scale * scale / width;
        float* dx = to.row(i);
#pragma omp simd
        for (int64_t j = 0; j < width; j++) {
          sum[j] += d[j] * u[j] * scale;
          dx[j] = (d[j] * g[j] - u[j] * along) * scale;
        }
        to.done(i);
      }
    }
  });
  addParts(sums, groups, kParts, width, call.out[1]);
}

}  // namespace

std::vector<Operation> normOperations() {
  return {
      {"RmsNorm", 2, 2, [](const Shapes& in) -> Shapes { return {in[0], scaleShape(in[0])}; }, rmsNorm},
      {"RmsNormGradient", 4, 2, [](const Shapes& in) -> Shapes { return {in[1], in[3]}; }, rmsNormGradient, {0}},
  };
}

}  // namespace sostenuto
