#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

/** Functions of float32 without branches, so that the compiler computes many at once; NaN stays NaN. */
namespace sostenuto {

/** Relatively within 1e-7: range reduction by ln 2 in two parts and the polynomial of Cephes' expf. Below the smallest normal number 0, above e^88 that. */
inline float expOf(float x) {
  const float bounded = std::min(x, 88.37626f);
  const float magic = 12582912.0f;  // 1.5·2²³: what is added to it is rounded to a whole number
  const float whole = (bounded * 1.44269504f + magic) - magic;
  const float rest = (bounded - whole * 0.693359375f) - whole * -2.12194440e-4f;
  float sum = 1.9875691500e-4f;
  sum = sum * rest + 1.3981999507e-3f;
  sum = sum * rest + 8.3334519073e-3f;
  sum = sum * rest + 4.1665795894e-2f;
  sum = sum * rest + 1.6666665459e-1f;
  sum = sum * rest + 5.0000001201e-1f;
  sum = sum * rest * rest + rest + 1.0f;
  const int32_t bits = (static_cast<int32_t>(std::max(whole, -127.0f)) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return bounded < -87.33654f ? 0.0f : sum * power;
}

inline float sigmoid(float x) { return 1.0f / (1.0f + expOf(-x)); }

/** Relatively within 3e-7: the rational function of degree 13 over 6 of Eigen and XLA. */
inline float tanhOf(float x) {
  const float u = std::min(std::max(x, -7.90531110763549805f), 7.90531110763549805f);
  const float s = u * u;
  float p = -2.76076847742355e-16f;
  p = p * s + 2.00018790482477e-13f;
  p = p * s + -8.60467152213735e-11f;
  p = p * s + 5.12229709037114e-08f;
  p = p * s + 1.48572235717979e-05f;
  p = p * s + 6.37261928875436e-04f;
  p = p * s + 4.89352455891786e-03f;
  float q = 1.19825839466702e-06f;
  q = q * s + 1.18534705686654e-04f;
  q = q * s + 2.26843463243900e-03f;
  q = q * s + 4.89352518554385e-03f;
  return u * p / q;
}

constexpr float kSmallTanh = 0.25f;
/** Relatively within 1e-7 below `kSmallTanh`: its series. */
inline float smallTanh(float x) {
  const float s = x * x;
  float sum = 62.0f / 2835.0f;
  sum = sum * s - 17.0f / 315.0f;
  sum = sum * s + 2.0f / 15.0f;
  sum = sum * s - 1.0f / 3.0f;
  return x + x * s * sum;
}

/** Within 3.1e-7: the rational function of degree 9 over 12 of XLA. */
inline float erfOf(float x) {
  const float u = std::min(std::max(x, -3.832506856900711f), 3.832506856900711f);
  const float s = u * u;
  float p = 0.00022905065861350646f;
  p = p * s + 0.0034082910107109506f;
  p = p * s + 0.050955695062380861f;
  p = p * s + 0.18520832239976145f;
  p = p * s + 1.128379143519084f;
  float q = -1.1791602954361697e-7f;
  q = q * s + 0.000023547966471313185f;
  q = q * s + 0.0010179625278914885f;
  q = q * s + 0.014070470171167667f;
  q = q * s + 0.11098505178285362f;
  q = q * s + 0.49746925110067538f;
  q = q * s + 1.0f;
  return u * p / q;
}

}  // namespace sostenuto
