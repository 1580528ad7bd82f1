#pragma once
#include <cstdint>
#include <functional>

namespace sostenuto {

/** Calls `work(begin, end)` over 0 … count in parts of at least `least`, on one thread where TensorFlow has one inside an operation, else on twice as many. Which thread takes which part is left to chance. */
void parallel(int64_t count, int64_t least, const std::function<void(int64_t begin, int64_t end)>& work);

/** How many rows of `width` numbers are worth a thread's while, where a number takes about a nanosecond. */
constexpr int64_t worthwhile(int64_t width) { return (1 << 13) / width + 1; }

}  // namespace sostenuto
