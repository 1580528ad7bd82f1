#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace sostenuto {
namespace {

constexpr int kPartsOfThread = 8;

/** Twice as many as TensorFlow has: its own spin for a while after each operation, and one of these often waits for a core. */
int threadCount() {
  const char* wanted = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int given = wanted ? std::atoi(wanted) : 0;
  const int count = given > 0 ? given : std::max(1u, std::thread::hardware_concurrency());
  return count > 1 ? 2 * count : 1;
}

/** Threads that wait for one job at a time. They are never joined: a process ends with them asleep. */
class Pool {
 public:
  explicit Pool(int threads) : threads_(threads) {
    for (int i = 1; i < threads; i++) std::thread([this] { serve(); }).detach();
  }

  int threads() const { return threads_; }

  /** False if another operation has the pool. */
  bool run(const std::function<void()>& job) {
    std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
    if (!turn) return false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      job_ = &job;
      round_++;
    }
    wake_.notify_all();
    job();
    std::unique_lock<std::mutex> lock(mutex_);
    job_ = nullptr;  // who wakes up now is too late and must find nothing
    idle_.wait(lock, [this] { return busy_ == 0; });
    return true;
  }

 private:
  void serve() {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return job_ && round_ != seen; });
      seen = round_;
      const std::function<void()>& job = *job_;
      busy_++;
      lock.unlock();
      job();
      lock.lock();
      if (--busy_ == 0) idle_.notify_one();
    }
  }

  const int threads_;
  std::mutex turn_, mutex_;
  std::condition_variable wake_, idle_;
  const std::function<void()>* job_ = nullptr;
  uint64_t round_ = 0;
  int busy_ = 0;
};

Pool& pool() {
  static Pool* const shared = new Pool(threadCount());
  return *shared;
}

}  // namespace

void parallel(int64_t count, int64_t least, const std::function<void(int64_t, int64_t)>& work) {
  const int threads = pool().threads();
  const int64_t part = std::max<int64_t>({1, least, (count + threads * kPartsOfThread - 1) / (threads * kPartsOfThread)});
  if (count <= part || threads == 1) {
    if (count > 0) work(0, count);
    return;
  }
  std::atomic<int64_t> next{0};
  const std::function<void()> takeParts = [&] {
    for (int64_t begin; (begin = next.fetch_add(part)) < count;) work(begin, std::min(begin + part, count));
  };
  if (!pool().run(takeParts)) takeParts();
}

}  // namespace sostenuto
