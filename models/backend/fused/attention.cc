/**
 * Attention as a whole: softmax over the keys of c·tanh(q·kᵀ), times the values, times the sigmoid of a logit of each head and token. The matrices of all pairs
 * are never in memory (Dao et al. 2022, arXiv 2205.14135): a few rows of them at a time, and once more in the backward pass.
 * Rows hold the parts of all heads side by side: [q|k|v|logits] of a sequence that attends to itself, [q|logits] and [k|v] of two. A mask [B,n] is 1 at valid
 * keys, empty where all are; padding gets no weight, and a row whose keys all are padding the answer 0.
 */
#include <cmath>

#include "math.h"
#include "operation.h"
#include "parallel.h"
#include "tile.h"

namespace sostenuto {
namespace {

constexpr float kLeastLogit = 40.0f;  // e^(−2·40) is still a normal number

/** Where a part of the heads lies. */
struct Part {
  int tensor;
  int64_t columns, begin;
};

struct Problem {
  int64_t batch, time, keys, heads, width;
  Part query, key, value, logit;
  const float* bias;   // [H], of the logits; like the others here never what a product gave, and so float32
  const float* turns;  // [2, T, w] or none
  const float* mask;   // [B, n] or none
  float clamp, scale;
};

Problem selfProblem(const Values& packed, const Values& bias, const Values& turns, const Values& mask, float clamp) {
  const int64_t time = packed.shape[1], columns = packed.shape[2], width = turns.shape[2];
  const int64_t heads = columns / (3 * width + 1), inner = heads * width;
  const float* valid = sizeOf(mask.shape) > 0 ? static_cast<const float*>(mask.data) : nullptr;
  return {packed.shape[0], time, time, heads, width, {0, columns, 0}, {0, columns, inner}, {0, columns, 2 * inner}, {0, columns, 3 * inner},
          static_cast<const float*>(bias.data), static_cast<const float*>(turns.data), valid, clamp, 1.0f};
}

Problem crossProblem(const Values& own, const Values& given, const Values& bias, const Values& mask, float clamp) {
  const int64_t columns = own.shape[2], others = given.shape[2], inner = others / 2, heads = columns - inner, width = inner / heads;
  const float* valid = sizeOf(mask.shape) > 0 ? static_cast<const float*>(mask.data) : nullptr;
  return {own.shape[0], own.shape[1], given.shape[1], heads, width, {0, columns, 0}, {1, others, 0}, {1, others, inner}, {0, columns, inner},
          static_cast<const float*>(bias.data), nullptr, valid, clamp, 1.0f / (clamp * std::sqrt(static_cast<float>(width)))};
}

/** Pairs (2k, 2k+1) turned by the angles whose cosine and sine `turns` holds in their places, forwards or backwards. */
inline void turn(const float* x, const float* turns, float sign, int64_t width, float* y) {
#pragma omp simd
  for (int64_t k = 0; k < width; k += 2) {
    const float cosine = turns[k], sine = sign * turns[k + 1], even = x[k], odd = x[k + 1];
    y[k] = even * cosine - odd * sine;
    y[k + 1] = odd * cosine + even * sine;
  }
}

/** One head of one sample, copied together and padded. */
class Head {
 public:
  Head(const Problem& problem, const std::vector<Values>& rows)
      : p_(problem), rows_(rows), wide_(padded(p_.width, kColumns)), long_(padded(p_.keys, kColumns)), tall_(padded(p_.time, kRows)),
        query(tall_ * wide_), key(p_.keys * wide_), value(p_.keys * wide_), keyTurned(wide_ * long_), valueTurned(wide_ * long_),
        gate(p_.time), bias(p_.keys), clamped(kRows * long_), share(kRows * long_) {}

  int64_t wide() const { return wide_; }
  int64_t length() const { return long_; }

  void gather(int64_t sample, int64_t head) {
    part(p_.query, sample, head, p_.time, p_.turns, query);
    part(p_.key, sample, head, p_.keys, p_.turns ? p_.turns + p_.time * p_.width : nullptr, key);
    part(p_.value, sample, head, p_.keys, nullptr, value);
    for (float& x : query) x *= p_.scale;
    Reader logit(rows_[p_.logit.tensor], 1);
    for (int64_t t = 0; t < p_.time; t++) gate[t] = sigmoid(p_.bias[head] + *logit.at((sample * p_.time + t) * p_.logit.columns + p_.logit.begin + head));
    if (p_.mask)
      for (int64_t j = 0; j < p_.keys; j++) {
        const float valid = p_.mask[sample * p_.keys + j];
        bias[j] = (valid - 1.0f) * 1e9f;
        for (int64_t k = 0; k < wide_; k++) value[j * wide_ + k] *= valid;
      }
    turned(key.data(), p_.keys, wide_, keyTurned.data(), long_);
  }
  void turnValues() { turned(value.data(), p_.keys, wide_, valueTurned.data(), long_); }

  /** Of `kRows` rows from `i`: the tanh, each key's share of the softmax before it is normalised, and the factor that does. */
  void attend(int64_t i) {
    product(&query[i * wide_], wide_, keyTurned.data(), long_, p_.width, long_, clamped.data(), long_);
    for (int r = 0; r < kRows; r++) factor[r] = softmax(&clamped[r * long_], &share[r * long_]);
  }

 private:
  void part(const Part& where, int64_t sample, int64_t head, int64_t count, const float* turns, std::vector<float>& to) {
    Reader from(rows_[where.tensor], p_.width);
    for (int64_t t = 0; t < count; t++) {
      const float* x = from.at((sample * count + t) * where.columns + where.begin + head * p_.width);
      if (turns) turn(x, turns + t * p_.width, 1.0f, p_.width, &to[t * wide_]);
      else std::memcpy(&to[t * wide_], x, p_.width * sizeof(float));
    }
  }

  float softmax(float* x, float* y) const {
    const int64_t keys = p_.keys;
    const float c = p_.clamp;
    const float* b = bias.data();
    float most = 0;
#pragma omp simd reduction(max : most)
    for (int64_t j = 0; j < keys; j++) most = std::fabs(x[j]) > most ? std::fabs(x[j]) : most;
    // No logit is greater than this one, and none so much less that its share would be lost: then nobody looks for the greatest.
    const float bound = c * most;
    float sum = 0;
    if (most < kSmallTanh && bound < kLeastLogit && !p_.mask) {
#pragma omp simd
      for (int64_t j = 0; j < keys; j++) x[j] = smallTanh(x[j]);
#pragma omp simd
      for (int64_t j = 0; j < keys; j++) y[j] = expOf(c * x[j] - bound);
#pragma omp simd reduction(+ : sum)
      for (int64_t j = 0; j < keys; j++) sum += y[j];
    } else {
      float greatest = -INFINITY;
#pragma omp simd reduction(max : greatest)
      for (int64_t j = 0; j < keys; j++) {
        x[j] = tanhOf(x[j]);
        const float logit = c * x[j] + b[j];
        greatest = logit > greatest ? logit : greatest;
      }
#pragma omp simd reduction(+ : sum)
      for (int64_t j = 0; j < keys; j++) {
        y[j] = expOf(c * x[j] + b[j] - greatest);
        sum += y[j];
      }
    }
    return 1.0f / sum;
  }

  const Problem& p_;
  const std::vector<Values>& rows_;
  const int64_t wide_, long_, tall_;

 public:
  std::vector<float> query, key, value, keyTurned, valueTurned, gate, bias, clamped, share;
  float factor[kRows];
};

void forward(const Problem& p, const std::vector<Values>& rows, const Values& gated) {
  parallel(p.batch * p.heads, 1, [&](int64_t begin, int64_t end) {
    Head head(p, rows);
    Writer to(gated, p.width);
    std::vector<float> answer(kRows * head.wide());
    for (int64_t task = begin; task < end; task++) {
      const int64_t sample = task / p.heads, h = task % p.heads;
      head.gather(sample, h);
      for (int64_t i = 0; i < p.time; i += kRows) {
        head.attend(i);
        product(head.share.data(), head.length(), head.value.data(), head.wide(), p.keys, head.wide(), answer.data(), head.wide());
        for (int64_t r = 0; r < kRows && i + r < p.time; r++) {
          const int64_t place = ((sample * p.time + i + r) * p.heads + h) * p.width;
          float* y = to.at(place);
          const float scale = head.factor[r] * head.gate[i + r];
          for (int64_t k = 0; k < p.width; k++) y[k] = answer[r * head.wide() + k] * scale;
          to.doneAt(place);
        }
      }
    }
  });
}

/** slopes: of what `forward` gave; out: of the rows that it read, then of the bias. */
void backward(const Problem& p, const Values& slopes, const std::vector<Values>& rows, const std::vector<Values>& out) {
  std::vector<float> sums(p.batch * p.heads);
  parallel(p.batch * p.heads, 1, [&](int64_t begin, int64_t end) {
    Head head(p, rows);
    const int64_t wide = head.wide(), length = head.length();
    Reader dGated(slopes, p.width);
    Writer toQuery(out[p.query.tensor], p.width), toKey(out[p.key.tensor], p.width), toValue(out[p.value.tensor], p.width);
    Writer toLogit(out[p.logit.tensor], 1);
    std::vector<float> dAnswer(kRows * wide), dShare(kRows * wide), dPairs(kRows * length), dQuery(kRows * wide), dKey(p.keys * wide), dValue(p.keys * wide);
    const auto write = [&](Writer& to, const Part& where, int64_t row, int64_t h, const float* x, const float* turns, float scale) {
      const int64_t place = row * where.columns + where.begin + h * p.width;
      float* y = to.at(place);
      if (turns) turn(x, turns, -1.0f, p.width, y);
      else
        for (int64_t k = 0; k < p.width; k++) y[k] = x[k] * scale;
      to.doneAt(place);
    };
    for (int64_t task = begin; task < end; task++) {
      const int64_t sample = task / p.heads, h = task % p.heads;
      head.gather(sample, h);
      head.turnValues();
      std::fill(dKey.begin(), dKey.end(), 0.0f);
      std::fill(dValue.begin(), dValue.end(), 0.0f);
      for (int64_t i = 0; i < p.time; i += kRows) {
        const int64_t count = std::min<int64_t>(kRows, p.time - i);
        std::fill(dAnswer.begin(), dAnswer.end(), 0.0f);
        for (int64_t r = 0; r < count; r++) {
          const float* d = dGated.at(((sample * p.time + i + r) * p.heads + h) * p.width);
          for (int64_t k = 0; k < p.width; k++) dAnswer[r * wide + k] = d[k] * head.gate[i + r];
        }
        head.attend(i);
        product(dAnswer.data(), wide, head.valueTurned.data(), length, p.width, length, dPairs.data(), length);
        for (int64_t r = 0; r < kRows; r++)
          for (int64_t k = 0; k < wide; k++) dShare[r * wide + k] = dAnswer[r * wide + k] * head.factor[r];
        addTurnedProduct(head.share.data(), length, p.keys, dShare.data(), wide, wide, dValue.data());
        for (int64_t r = 0; r < count; r++) {
          const float *t = &head.clamped[r * length], *y = &head.share[r * length];
          float* d = &dPairs[r * length];
          float along = 0;
#pragma omp simd reduction(+ : along)
          for (int64_t j = 0; j < p.keys; j++) along += d[j] * y[j];
          along *= head.factor[r];
          const float scale = p.clamp * head.factor[r];
#pragma omp simd
          for (int64_t j = 0; j < p.keys; j++) d[j] = scale * y[j] * (1.0f - t[j] * t[j]) * (d[j] - along);
          const int64_t place = (sample * p.time + i + r) * p.logit.columns + p.logit.begin + h;
          const float dLogit = along * (1.0f - head.gate[i + r]);
          *toLogit.at(place) = dLogit;
          sums[task] += dLogit;
          toLogit.doneAt(place);
        }
        for (int64_t r = count; r < kRows; r++) std::fill_n(&dPairs[r * length], length, 0.0f);
        product(dPairs.data(), length, head.key.data(), wide, p.keys, wide, dQuery.data(), wide);
        addTurnedProduct(dPairs.data(), length, p.keys, &head.query[i * wide], wide, wide, dKey.data());
        for (int64_t r = 0; r < count; r++)
          write(toQuery, p.query, sample * p.time + i + r, h, &dQuery[r * wide], p.turns ? p.turns + (i + r) * p.width : nullptr, p.scale);
      }
      for (int64_t j = 0; j < p.keys; j++) {
        const float valid = p.mask ? p.mask[sample * p.keys + j] : 1.0f;
        write(toKey, p.key, sample * p.keys + j, h, &dKey[j * wide], p.turns ? p.turns + (p.time + j) * p.width : nullptr, 1.0f);
        write(toValue, p.value, sample * p.keys + j, h, &dValue[j * wide], nullptr, valid);
      }
    }
  });
  addParts(sums, 1, p.batch, p.heads, out.back());
}

/** packed [B,T,H·(3w+1)], bias [H] of the logits, turns [2,T,w] of queries, which also holds the scale, and keys, mask, c → [B,T,H·w] */
void selfAttention(const Call& call) {
  const auto& in = call.in;
  forward(selfProblem(in[0], in[1], in[2], in[3], call.scalar(4)), {in[0]}, call.out[0]);
}
/** dy, packed, bias, turns, mask, c → dPacked, dBias */
void selfAttentionGradient(const Call& call) {
  const auto& in = call.in;
  backward(selfProblem(in[1], in[2], in[3], in[4], call.scalar(5)), in[0], {in[1]}, call.out);
}
/** own [B,T,H·(w+1)], given [B,n,2·H·w], bias [H], mask, c → [B,T,H·w] */
void crossAttention(const Call& call) {
  const auto& in = call.in;
  forward(crossProblem(in[0], in[1], in[2], in[3], call.scalar(4)), {in[0], in[1]}, call.out[0]);
}
/** dy, own, given, bias, mask, c → dOwn, dGiven, dBias */
void crossAttentionGradient(const Call& call) {
  const auto& in = call.in;
  backward(crossProblem(in[1], in[2], in[3], in[4], call.scalar(5)), in[0], {in[1], in[2]}, call.out);
}

Shape answerShape(const Shape& rows, int64_t inner) { return {rows[0], rows[1], inner}; }

}  // namespace

std::vector<Operation> attentionOperations() {
  return {
      {"SelfAttention", 5, 1,
       [](const Shapes& in) -> Shapes { return {answerShape(in[0], in[0][2] / (3 * in[2][2] + 1) * in[2][2])}; }, selfAttention},
      {"SelfAttentionGradient", 6, 2, [](const Shapes& in) -> Shapes { return {in[1], in[2]}; }, selfAttentionGradient},
      {"CrossAttention", 5, 1, [](const Shapes& in) -> Shapes { return {answerShape(in[0], in[1][2] / 2)}; }, crossAttention},
      {"CrossAttentionGradient", 6, 3, [](const Shapes& in) -> Shapes { return {in[1], in[2], in[3]}; }, crossAttentionGradient},
  };
}

}  // namespace sostenuto
