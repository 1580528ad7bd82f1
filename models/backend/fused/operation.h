#pragma once
#include <cstdint>
#include <cstring>
#include <vector>

namespace sostenuto {

using Shape = std::vector<int64_t>;
using Shapes = std::vector<Shape>;

int64_t sizeOf(const Shape& shape);
/** Size of an axis, counted from the end if negative; 1 beyond the shape. */
int64_t side(const Shape& shape, int axis);

/** Memory of a tensor: float32, or bfloat16 where a graph hands on a product as it is, or what only products read. */
struct Values {
  void* data = nullptr;
  bool half = false;
  Shape shape;
};

/** Runs of `width` numbers as float32, whatever the tensor holds. One for each thread. */
class Reader {
 public:
  Reader(const Values& values, int64_t width) : values_(values), width_(width), room_(values.half ? width : 0) {}
  const float* row(int64_t i) { return at(i * width_); }
  const float* at(int64_t place) {
    if (!values_.half) return static_cast<const float*>(values_.data) + place;
    const uint16_t* from = static_cast<const uint16_t*>(values_.data) + place;
    float* to = room_.data();
    for (int64_t j = 0; j < width_; j++) {
      const uint32_t bits = static_cast<uint32_t>(from[j]) << 16;
      std::memcpy(to + j, &bits, sizeof bits);
    }
    return to;
  }

 private:
  const Values& values_;
  const int64_t width_;
  std::vector<float> room_;
};

/** Where runs of `width` numbers are written; `done` rounds to even what a bfloat16 tensor gets. */
class Writer {
 public:
  Writer(const Values& values, int64_t width) : values_(values), width_(width), room_(values.half ? width : 0) {}
  float* row(int64_t i) { return at(i * width_); }
  float* at(int64_t place) { return values_.half ? room_.data() : static_cast<float*>(values_.data) + place; }
  void done(int64_t i) { doneAt(i * width_); }
  void doneAt(int64_t place) {
    if (!values_.half) return;
    uint16_t* to = static_cast<uint16_t*>(values_.data) + place;
    const float* from = room_.data();
    for (int64_t j = 0; j < width_; j++) {
      uint32_t bits;
      std::memcpy(&bits, from + j, sizeof bits);
      const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
      to[j] = from[j] == from[j] ? rounded : 0x7fc0;
    }
  }

 private:
  const Values& values_;
  const int64_t width_;
  std::vector<float> room_;
};

/** out [groups, width] of sums [groups, parts, width] that were made apart: added in their order, so that no thread changes a bit. */
void addParts(const std::vector<float>& sums, int64_t groups, int64_t parts, int64_t width, const Values& out);

struct Call {
  std::vector<Values> in;
  std::vector<Values> out;
  /** The one number of an input. */
  float scalar(int input) const;
};

/** A TensorFlow operation on the CPU. Types are float32; where rows are read and written by `Reader` and `Writer`, as shapes.ts tells graphs, also bfloat16 (attributes I0 …, O0 …). */
struct Operation {
  const char* name;
  int inputs;
  int outputs;
  Shapes (*shapes)(const Shapes& inputs);
  void (*run)(const Call& call);
  /** Output i may take over the memory of input reuses[i], −1: of none. Rows are then read before they are written. */
  std::vector<int> reuses = {};
};

/** All operations of this library, by file. */
std::vector<Operation> normOperations();
std::vector<Operation> gateOperations();
std::vector<Operation> activationOperations();
std::vector<Operation> attentionOperations();
std::vector<Operation> convolutionOperations();
std::vector<Operation> updateOperations();

}  // namespace sostenuto
