/** Makes operations known to TensorFlow by its C interface, when Node loads this library as an addon. */
#include "operation.h"

#include <tensorflow/c/kernels.h>
#include <tensorflow/c/ops.h>

#include <cstdio>
#include <memory>
#include <string>

namespace sostenuto {

int64_t sizeOf(const Shape& shape) {
  int64_t size = 1;
  for (int64_t axis : shape) size *= axis;
  return size;
}

int64_t side(const Shape& shape, int axis) {
  const int rank = static_cast<int>(shape.size());
  const int place = axis < 0 ? rank + axis : axis;
  return place >= 0 && place < rank ? shape[place] : 1;
}

void addParts(const std::vector<float>& sums, int64_t groups, int64_t parts, int64_t width, const Values& out) {
  Writer to(out, width);
  for (int64_t k = 0; k < groups; k++) {
    float* total = to.row(k);
    for (int64_t j = 0; j < width; j++) {
      float sum = 0;
      for (int64_t part = 0; part < parts; part++) sum += sums[(k * parts + part) * width + j];
      total[j] = sum;
    }
    to.done(k);
  }
}

float Call::scalar(int input) const { return *static_cast<const float*>(in[input].data); }

namespace {

using Status = std::unique_ptr<TF_Status, decltype(&TF_DeleteStatus)>;
using Handle = std::unique_ptr<TF_Tensor, decltype(&TF_DeleteTensor)>;
Status newStatus() { return {TF_NewStatus(), TF_DeleteStatus}; }
bool isGood(const Status& status) { return TF_GetCode(status.get()) == TF_OK; }

const Operation* operations(int index) {
  static const auto* const all = [] {
    auto* found = new std::vector<Operation>;
    for (auto part : {normOperations(), gateOperations(), activationOperations(), attentionOperations(), convolutionOperations(),
                      updateOperations()})
      found->insert(found->end(), part.begin(), part.end());
    return found;
  }();
  return index < static_cast<int>(all->size()) ? &(*all)[index] : nullptr;
}

Handle inputOf(TF_OpKernelContext* context, int i, const Status& status) {
  TF_Tensor* tensor = nullptr;
  TF_GetInput(context, i, &tensor, status.get());
  return {tensor, TF_DeleteTensor};
}

Shape shapeOf(TF_Tensor* tensor) {
  Shape shape(TF_NumDims(tensor));
  for (size_t axis = 0; axis < shape.size(); axis++) shape[axis] = TF_Dim(tensor, static_cast<int>(axis));
  return shape;
}

Values valuesOf(TF_Tensor* tensor, const Shape& shape) { return {TF_TensorData(tensor), TF_TensorType(tensor) == TF_BFLOAT16, shape}; }

void compute(const Operation& operation, TF_OpKernelContext* context) {
  const Status status = newStatus();
  Shapes shapes;
  for (int i = 0; i < operation.inputs && isGood(status); i++)
    if (const Handle input = inputOf(context, i, status)) shapes.push_back(shapeOf(input.get()));
  if (!isGood(status)) return TF_OpKernelContext_Failure(context, status.get());

  // Memory is taken over before inputs are held: it is only free to take while nobody else holds it.
  const Shapes made = operation.shapes(shapes);
  std::vector<Handle> held;
  Call call;
  call.in.resize(operation.inputs);
  for (int i = 0; i < operation.outputs; i++) {
    const int candidate = i < static_cast<int>(operation.reuses.size()) ? operation.reuses[i] : -1;
    int taken = -1;
    TF_Tensor* output = TF_ForwardInputOrAllocateOutput(context, &candidate, candidate < 0 ? 0 : 1, i, made[i].data(),
                                                        static_cast<int>(made[i].size()), &taken, status.get());
    if (!isGood(status)) return TF_OpKernelContext_Failure(context, status.get());
    held.emplace_back(output, TF_DeleteTensor);
    call.out.push_back(valuesOf(output, made[i]));
    if (taken >= 0) call.in[taken] = {call.out[i].data, call.out[i].half, shapes[taken]};
  }
  for (int i = 0; i < operation.inputs; i++) {
    if (call.in[i].data) continue;
    held.push_back(inputOf(context, i, status));
    if (!isGood(status)) return TF_OpKernelContext_Failure(context, status.get());
    call.in[i] = valuesOf(held.back().get(), shapes[i]);
  }
  operation.run(call);
}

/** False if the size of an axis is not known. */
bool knownShapes(TF_ShapeInferenceContext* context, int inputs, Shapes& shapes, const Status& status) {
  const std::unique_ptr<TF_ShapeHandle, decltype(&TF_DeleteShapeHandle)> handle(TF_NewShapeHandle(), TF_DeleteShapeHandle);
  const std::unique_ptr<TF_DimensionHandle, decltype(&TF_DeleteDimensionHandle)> axis(TF_NewDimensionHandle(), TF_DeleteDimensionHandle);
  for (int i = 0; i < inputs; i++) {
    TF_ShapeInferenceContextGetInput(context, i, handle.get(), status.get());
    if (!isGood(status) || !TF_ShapeInferenceContextRankKnown(context, handle.get())) return false;
    Shape shape(TF_ShapeInferenceContextRank(context, handle.get()));
    for (size_t k = 0; k < shape.size(); k++) {
      TF_ShapeInferenceContextDim(context, handle.get(), k, axis.get());
      if (!TF_DimensionHandleValueKnown(axis.get())) return false;
      shape[k] = TF_DimensionHandleValue(axis.get());
    }
    shapes.push_back(shape);
  }
  return true;
}

void infer(const Operation& operation, TF_ShapeInferenceContext* context, TF_Status* result) {
  const Status status = newStatus();
  Shapes shapes;
  if (!knownShapes(context, operation.inputs, shapes, status)) return TF_ShapeInferenceContextSetUnknownShape(context, result);
  const Shapes made = operation.shapes(shapes);
  for (int i = 0; i < operation.outputs; i++) {
    TF_ShapeHandle* whole = TF_ShapeInferenceContextScalar(context);
    for (int64_t size : made[i]) {
      TF_ShapeHandle* axis = TF_ShapeInferenceContextVectorFromSize(context, size);
      TF_ShapeInferenceContextConcatenateShapes(context, whole, axis, whole, result);
      TF_DeleteShapeHandle(axis);
    }
    TF_ShapeInferenceContextSetOutput(context, i, whole, result);
    TF_DeleteShapeHandle(whole);
  }
}

/** TensorFlow calls plain functions: one pair of them for each operation. */
template <int Index>
struct Entry {
  static void compute(void*, TF_OpKernelContext* context) { sostenuto::compute(*operations(Index), context); }
  static void infer(TF_ShapeInferenceContext* context, TF_Status* status) { sostenuto::infer(*operations(Index), context, status); }

  static void registerFrom() {
    const Operation* operation = operations(Index);
    if (!operation) return;
    const std::string name = std::string("Sostenuto") + operation->name;
    TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name.c_str());
    const auto add = [&](auto function, const char* letter, const char* argument, int count) {
      for (int i = 0; i < count; i++) {
        const std::string type = letter + std::to_string(i);
        TF_OpDefinitionBuilderAddAttr(definition, (type + ": {float, bfloat16} = DT_FLOAT").c_str());
        function(definition, (argument + std::to_string(i) + ": " + type).c_str());
      }
    };
    add(TF_OpDefinitionBuilderAddInput, "I", "input", operation->inputs);
    add(TF_OpDefinitionBuilderAddOutput, "O", "output", operation->outputs);
    TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, infer);
    const Status status = newStatus();
    TF_RegisterOpDefinition(definition, status.get());
    if (isGood(status))
      TF_RegisterKernelBuilder(name.c_str(), TF_NewKernelBuilder(name.c_str(), "CPU", nullptr, compute, nullptr), status.get());
    if (!isGood(status)) std::fprintf(stderr, "%s: %s\n", name.c_str(), TF_Message(status.get()));
    Entry<Index + 1>::registerFrom();
  }
};
constexpr int kMost = 32;
template <>
struct Entry<kMost> {
  static void registerFrom() {
    if (operations(kMost)) std::fprintf(stderr, "more than %d operations\n", kMost);
  }
};

}  // namespace
}  // namespace sostenuto

/** Node's entry; its two arguments are opaque here. A second environment of the process finds everything registered. */
extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void*, void* exports) {
  static const bool once = (sostenuto::Entry<0>::registerFrom(), true);
  (void)once;
  return exports;
}
