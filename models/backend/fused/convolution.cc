/**
 * Depthwise convolution over time with zeros at both ends, bias and SiLU. x [B,T,C], kernel [taps,C], bias [C], mask [B,T] or empty; padded rows neither
 * speak nor answer. A few columns of a sample at a time, which stay in the first cache.
 */
#include "math.h"
#include "operation.h"
#include "parallel.h"
#include "tile.h"

namespace sostenuto {
namespace {

struct Sizes {
  int64_t batch, time, width, taps, before, blocks;
  const float* mask;  // or none
};

Sizes sizesOf(const Values& x, const Values& kernel, const Values& mask) {
  const int64_t width = x.shape[2], taps = kernel.shape[0];
  const float* valid = sizeOf(mask.shape) > 0 ? static_cast<const float*>(mask.data) : nullptr;
  return {x.shape[0], x.shape[1], width, taps, (taps - 1) / 2, padded(width, kColumns) / kColumns, valid};
}

/** The columns of one block: `count` rows of `kColumns` numbers, zeros beyond the width. */
struct Block {
  const Sizes& s;
  const int64_t first, width;
  Block(const Sizes& sizes, int64_t index) : s(sizes), first(index * kColumns), width(std::min<int64_t>(kColumns, sizes.width - first)) {}

  void read(const Values& from, int64_t row, int64_t count, float* to) const {
    Reader reader(from, width);
    for (int64_t t = 0; t < count; t++) std::memcpy(to + t * kColumns, reader.at((row + t) * s.width + first), width * sizeof(float));
  }
  void write(const float* from, int64_t row, int64_t count, const Values& to) const {
    Writer writer(to, width);
    for (int64_t t = 0; t < count; t++) {
      const int64_t place = (row + t) * s.width + first;
      std::memcpy(writer.at(place), from + t * kColumns, width * sizeof(float));
      writer.doneAt(place);
    }
  }
  /** Rows of a sample times its mask. */
  void mask(int64_t sample, float* rows) const {
    if (!s.mask) return;
    for (int64_t t = 0; t < s.time; t++)
      for (int64_t j = 0; j < kColumns; j++) rows[t * kColumns + j] *= s.mask[sample * s.time + t];
  }
};

/** x, kernel, bias, mask → y, and what SiLU was taken of */
void depthwise(const Call& call) {
  const Sizes s = sizesOf(call.in[0], call.in[1], call.in[3]);
  parallel(s.batch * s.blocks, 1, [&](int64_t begin, int64_t end) {
    const int64_t tall = padded(s.time, kRows);
    std::vector<float> x((tall + s.taps) * kColumns), kernel(s.taps * kColumns), bias(kColumns), inner(tall * kColumns);
    for (int64_t task = begin; task < end; task++) {
      const int64_t sample = task / s.blocks;
      const Block block(s, task % s.blocks);
      std::fill(x.begin(), x.end(), 0.0f);
      block.read(call.in[0], sample * s.time, s.time, &x[s.before * kColumns]);
      block.mask(sample, &x[s.before * kColumns]);
      block.read(call.in[1], 0, s.taps, kernel.data());
      block.read(call.in[2], 0, 1, bias.data());
      for (int64_t t = 0; t < s.time; t += kRows) slide(&x[t * kColumns], kernel.data(), s.taps, &inner[t * kColumns]);
      for (int64_t t = 0; t < s.time; t++)
        for (int64_t j = 0; j < kColumns; j++) inner[t * kColumns + j] += bias[j];
      block.write(inner.data(), sample * s.time, s.time, call.out[1]);
      for (float& u : inner) u *= sigmoid(u);
      block.mask(sample, inner.data());
      block.write(inner.data(), sample * s.time, s.time, call.out[0]);
    }
  });
}

/** dy, x, inner, kernel, mask → dx, dKernel, dBias */
void depthwiseGradient(const Call& call) {
  const Sizes s = sizesOf(call.in[1], call.in[3], call.in[4]);
  const int64_t after = s.taps - 1 - s.before, tallTaps = padded(s.taps, kRows), rowsOfTask = tallTaps + 1;
  // Of each task: the kernel's sums, then the bias's.
  std::vector<float> sums(s.batch * s.blocks * rowsOfTask * kColumns);
  parallel(s.batch * s.blocks, 1, [&](int64_t begin, int64_t end) {
    const int64_t tall = padded(s.time, kRows) + tallTaps;
    std::vector<float> x(tall * kColumns), slope(tall * kColumns), inner(s.time * kColumns), turned(s.taps * kColumns), kernel(s.taps * kColumns),
        dx(tall * kColumns);
    for (int64_t task = begin; task < end; task++) {
      const int64_t sample = task / s.blocks;
      const Block block(s, task % s.blocks);
      std::fill(x.begin(), x.end(), 0.0f);
      std::fill(slope.begin(), slope.end(), 0.0f);
      block.read(call.in[1], sample * s.time, s.time, &x[s.before * kColumns]);
      block.mask(sample, &x[s.before * kColumns]);
      block.read(call.in[2], sample * s.time, s.time, inner.data());
      block.read(call.in[3], 0, s.taps, kernel.data());
      for (int64_t k = 0; k < s.taps; k++) std::memcpy(&turned[k * kColumns], &kernel[(s.taps - 1 - k) * kColumns], kColumns * sizeof(float));
      float *d = &slope[after * kColumns], *sum = &sums[task * rowsOfTask * kColumns], *bias = sum + tallTaps * kColumns;
      block.read(call.in[0], sample * s.time, s.time, d);
      block.mask(sample, d);
      for (int64_t t = 0; t < s.time; t++)
        for (int64_t j = 0; j < kColumns; j++) {
          const float u = inner[t * kColumns + j], share = sigmoid(u);
          d[t * kColumns + j] *= share * (1.0f + u * (1.0f - share));
          bias[j] += d[t * kColumns + j];
        }
      for (int64_t k = 0; k < s.taps; k += kRows) slide(&x[k * kColumns], d, s.time, sum + k * kColumns);
      for (int64_t t = 0; t < s.time; t += kRows) slide(&slope[t * kColumns], turned.data(), s.taps, &dx[t * kColumns]);
      block.mask(sample, dx.data());
      block.write(dx.data(), sample * s.time, s.time, call.out[0]);
    }
  });
  std::vector<float> total(rowsOfTask * kColumns);
  for (int64_t b = 0; b < s.blocks; b++) {
    std::fill(total.begin(), total.end(), 0.0f);
    for (int64_t sample = 0; sample < s.batch; sample++)
      for (int64_t j = 0; j < rowsOfTask * kColumns; j++) total[j] += sums[(sample * s.blocks + b) * rowsOfTask * kColumns + j];
    const Block block(s, b);
    block.write(total.data(), 0, s.taps, call.out[1]);
    block.write(total.data() + tallTaps * kColumns, 0, 1, call.out[2]);
  }
}

}  // namespace

std::vector<Operation> convolutionOperations() {
  return {
      {"Depthwise", 4, 2, [](const Shapes& in) -> Shapes { return {in[0], in[0]}; }, depthwise},
      {"DepthwiseGradient", 5, 3, [](const Shapes& in) -> Shapes { return {in[1], in[3], {in[1][2]}}; }, depthwiseGradient},
  };
}

}  // namespace sostenuto
