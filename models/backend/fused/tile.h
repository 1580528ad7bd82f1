#pragma once
#include <cstdint>
#include <cstring>

/** Products of a few rows whose sums stay in registers. Sides are padded: columns to `kColumns`, rows to `kRows`. */
namespace sostenuto {

#ifdef __AVX512F__
constexpr int kLanes = 16, kRows = 8;
#else
constexpr int kLanes = 8, kRows = 4;
#endif
constexpr int64_t kColumns = 2 * kLanes;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float)), aligned(4), may_alias));

constexpr int64_t padded(int64_t size, int64_t to) { return (size + to - 1) / to * to; }

inline Lanes load(const float* from) { return *reinterpret_cast<const Lanes*>(from); }
inline void store(float* to, Lanes value) { *reinterpret_cast<Lanes*>(to) = value; }

/** out [kRows, columns] = a [kRows, depth] · b [depth, columns] */
inline void product(const float* a, int64_t aRow, const float* b, int64_t bRow, int64_t depth, int64_t columns, float* out, int64_t outRow) {
  for (int64_t c = 0; c < columns; c += kColumns) {
    Lanes left[kRows] = {}, right[kRows] = {};
    for (int64_t k = 0; k < depth; k++) {
      const Lanes x = load(b + k * bRow + c), y = load(b + k * bRow + c + kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; r++) {
        left[r] += a[r * aRow + k] * x;
        right[r] += a[r * aRow + k] * y;
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; r++) {
      store(out + r * outRow + c, left[r]);
      store(out + r * outRow + c + kLanes, right[r]);
    }
  }
}

/** out [count, columns] += aᵀ · b, a [kRows, count], b [kRows, columns] */
inline void addTurnedProduct(const float* a, int64_t aRow, int64_t count, const float* b, int64_t bRow, int64_t columns, float* out) {
  for (int64_t c = 0; c < columns; c += kColumns) {
    Lanes x[kRows], y[kRows];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; r++) {
      x[r] = load(b + r * bRow + c);
      y[r] = load(b + r * bRow + c + kLanes);
    }
    for (int64_t j = 0; j < count; j++) {
      float* to = out + j * columns + c;
      Lanes left = load(to), right = load(to + kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; r++) {
        left += a[r * aRow + j] * x[r];
        right += a[r * aRow + j] * y[r];
      }
      store(to, left);
      store(to + kLanes, right);
    }
  }
}

/** out [kRows, kColumns], out[i] = Σ in[i + k]·taps[k]; all rows of kColumns. */
inline void slide(const float* in, const float* taps, int64_t count, float* out) {
  Lanes left[kRows] = {}, right[kRows] = {};
  for (int64_t k = 0; k < count; k++) {
    const Lanes x = load(taps + k * kColumns), y = load(taps + k * kColumns + kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; r++) {
      left[r] += load(in + (k + r) * kColumns) * x;
      right[r] += load(in + (k + r) * kColumns + kLanes) * y;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; r++) {
    store(out + r * kColumns, left[r]);
    store(out + r * kColumns + kLanes, right[r]);
  }
}

/** out [columns, rows padded] of a [rows, columns] */
inline void turned(const float* a, int64_t rows, int64_t columns, float* out, int64_t outRow) {
  for (int64_t i0 = 0; i0 < rows; i0 += kLanes)
    for (int64_t c = 0; c < columns; c++)
      for (int64_t i = i0; i < rows && i < i0 + kLanes; i++) out[c * outRow + i] = a[i * columns + c];
}

}  // namespace sostenuto
