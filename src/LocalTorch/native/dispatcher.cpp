// One generic call for every operator libtorch knows: found once by name, called boxed, arguments typed by its schema.
#include "seam.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>

using namespace localtorch;

namespace {

enum class Tag : int32_t { None, Tensor, Int, Double, Bool, Ints, Doubles, Tensors, String };

struct Argument {
    Tag tag;
    int32_t count;  // of a list or a string
    union {
        at::Tensor* tensor;
        int64_t integer;
        double real;
        const void* list;
    };
};

struct Result {
    Tag tag;
    union {
        at::Tensor* tensor;
        int64_t integer;
        double real;
    };
};

struct Operator {
    c10::OperatorHandle handle;
    std::vector<c10::TypePtr> types;  // an optional's element type
};

at::Tensor tensor_or_undefined(at::Tensor* handle) { return handle ? *handle : at::Tensor(); }

c10::IValue list_value(const Argument& argument, const c10::Type& element) {
    if (argument.tag == Tag::Tensors) {
        auto handles = static_cast<at::Tensor* const*>(argument.list);
        if (element.kind() == c10::TypeKind::OptionalType) {
            c10::List<c10::optional<at::Tensor>> list;
            for (int i = 0; i < argument.count; i++)
                list.push_back(handles[i] ? c10::optional<at::Tensor>(*handles[i]) : c10::nullopt);
            return list;
        }
        c10::List<at::Tensor> list;
        for (int i = 0; i < argument.count; i++) list.push_back(tensor_or_undefined(handles[i]));
        return list;
    }
    if (argument.tag == Tag::Doubles) {
        auto values = static_cast<const double*>(argument.list);
        return c10::List<double>(c10::ArrayRef<double>(values, argument.count));
    }
    auto values = static_cast<const int64_t*>(argument.list);
    if (element.kind() == c10::TypeKind::BoolType) {
        c10::List<bool> list;
        for (int i = 0; i < argument.count; i++) list.push_back(values[i] != 0);
        return list;
    }
    return c10::List<int64_t>(c10::ArrayRef<int64_t>(values, argument.count));
}

c10::IValue value(const Argument& argument, const c10::Type& type) {
    switch (argument.tag) {
        case Tag::None:
            return type.kind() == c10::TypeKind::TensorType ? c10::IValue(at::Tensor()) : c10::IValue();
        case Tag::Tensor:
            return tensor_or_undefined(argument.tensor);
        case Tag::Int:
            if (type.kind() == c10::TypeKind::FloatType) return static_cast<double>(argument.integer);
            if (type.kind() == c10::TypeKind::DeviceObjType)
                return c10::Device(static_cast<c10::DeviceType>(argument.integer >> 32),
                                   static_cast<c10::DeviceIndex>(static_cast<int32_t>(argument.integer)));
            if (type.kind() == c10::TypeKind::ListType) return c10::List<int64_t>({argument.integer});
            return argument.integer;
        case Tag::Double:
            return argument.real;
        case Tag::Bool:
            return argument.integer != 0;
        case Tag::String:
            return std::string(static_cast<const char*>(argument.list), argument.count);
        default:
            TORCH_CHECK(type.kind() == c10::TypeKind::ListType, "a list was given where ", type.str(), " is expected");
            return list_value(argument, *type.containedTypes().at(0));
    }
}

}  // namespace

// The operator of a schema name such as "aten::add" with its overload ("Tensor"); null where there is none.
LT_API void* lt_operator(const char* name, const char* overload) {
    auto found = c10::Dispatcher::singleton().findSchema({name, overload});
    if (!found) return nullptr;
    auto result = new Operator{*found, {}};
    for (const auto& argument : found->schema().arguments()) {
        auto type = argument.type();
        result->types.push_back(type->kind() == c10::TypeKind::OptionalType ? type->containedTypes().at(0) : type);
    }
    return result;
}

// Arguments that are left out at the end take the schema's defaults. A list of tensors comes back flattened.
LT_API int32_t lt_call(const Operator* op, const Argument* arguments, int32_t count, Result* results,
                       int32_t capacity, int32_t* result_count) {
    return guarded([&] {
        const auto& schema = op->handle.schema();
        const auto& declared = schema.arguments();
        TORCH_CHECK(count <= static_cast<int32_t>(declared.size()), schema.name(), " takes at most ",
                    declared.size(), " arguments, ", count, " were given");
        torch::jit::Stack stack;
        stack.reserve(std::max<size_t>(declared.size(), 4));
        for (int i = 0; i < static_cast<int32_t>(declared.size()); i++) {
            if (i < count) {
                stack.push_back(value(arguments[i], *op->types[i]));
            } else {
                TORCH_CHECK(declared[i].default_value(), schema.name(), ": argument '", declared[i].name(), "' is missing");
                stack.push_back(*declared[i].default_value());
            }
        }
        op->handle.callBoxed(&stack);

        int32_t n = 0;
        auto add = [&](Result result) {
            TORCH_CHECK(n < capacity, schema.name(), " returned more than ", capacity, " values");
            results[n++] = result;
        };
        auto add_tensor = [&](at::Tensor tensor) {
            Result result{Tag::Tensor, {}};
            result.tensor = give(std::move(tensor));
            add(result);
        };
        for (auto& item : stack) {
            Result result{Tag::None, {}};
            if (item.isTensor()) {
                add_tensor(std::move(item).toTensor());
            } else if (item.isTensorList()) {
                for (const at::Tensor& tensor : item.toTensorVector()) add_tensor(tensor);
            } else if (item.isDouble()) {
                result.tag = Tag::Double, result.real = item.toDouble(), add(result);
            } else if (item.isInt()) {
                result.tag = Tag::Int, result.integer = item.toInt(), add(result);
            } else if (item.isBool()) {
                result.tag = Tag::Bool, result.integer = item.toBool(), add(result);
            } else {
                TORCH_CHECK(item.isNone(), schema.name(), " returned a value of a kind that is not supported");
                add(result);
            }
        }
        *result_count = n;
    });
}
