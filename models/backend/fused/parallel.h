#pragma once
#include <cstdint>
#include <functional>

namespace sostenuto {

/** Calls `work(begin, end)` over 0 … count in parts of at least `least`, on as many threads as TensorFlow has inside an operation. Which thread takes which part is left to chance. */
void parallel(int64_t count, const std::function<void(int64_t, int64_t)>& work, int64_t least = 1);

}  // namespace sostenuto
