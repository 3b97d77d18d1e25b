// The backward pass, and graph nodes whose backward is written in C#.
#include "seam.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>

using namespace localtorch;
using torch::autograd::Node;
using torch::autograd::variable_list;

namespace {

// Gets the gradients of the node's outputs, fills those of its inputs (null: none). Returns 0, or 1 with lt_error() set.
using Backward = int32_t (*)(void* state, Handle* gradients, int32_t count, Handle* results, int32_t result_count);
using Release = void (*)(void* state, int32_t last);

struct ManagedNode : Node {
    ManagedNode(std::string name, void* state, Backward backward, Release release, bool materialize)
        : name_(std::move(name)), state_(state), backward_(backward), release_(release), materialize_(materialize) {}

    ~ManagedNode() override { release_(state_, 1); }

    variable_list apply(variable_list&& gradients) override {
        std::vector<Handle> handles;
        for (size_t i = 0; i < gradients.size(); i++) {
            bool zeros = materialize_ && !gradients[i].defined();
            handles.push_back(give(zeros ? input_metadata(i).zeros_like() : gradients[i]));  // C# owns and frees them
        }
        std::vector<Handle> results(num_outputs(), nullptr);
        auto failed = backward_(state_, handles.data(), static_cast<int32_t>(handles.size()), results.data(),
                                static_cast<int32_t>(results.size()));
        variable_list outputs;
        for (auto handle : results) {
            outputs.push_back(handle ? *handle : at::Tensor());
            delete handle;
        }
        if (failed) throw std::runtime_error(name_ + ": exception in backward");
        return outputs;
    }

    void release_variables() override { release_(state_, 0); }

    std::string name() const override { return name_; }

private:
    std::string name_;
    void* state_;
    Backward backward_;
    Release release_;
    bool materialize_;
};

variable_list tensors(Handle* handles, int32_t count) {
    variable_list list;
    for (int i = 0; i < count; i++) list.push_back(handles[i] ? *handles[i] : at::Tensor());
    return list;
}

}  // namespace

LT_API int32_t lt_grad_enabled() { return c10::GradMode::is_enabled(); }

LT_API void lt_set_grad_enabled(int32_t enabled) { c10::GradMode::set_enabled(enabled != 0); }

LT_API int32_t lt_backward(Handle* roots, int32_t root_count, Handle* gradients, int32_t gradient_count,
                           int32_t retain_graph, int32_t create_graph, Handle* inputs, int32_t input_count) {
    return guarded([&] {
        torch::autograd::backward(tensors(roots, root_count), tensors(gradients, gradient_count),
                                  retain_graph != 0, create_graph != 0, tensors(inputs, input_count));
    });
}

LT_API int32_t lt_gradients(Handle* outputs, int32_t output_count, Handle* inputs, int32_t input_count,
                            Handle* gradients, int32_t gradient_count, int32_t retain_graph, int32_t create_graph,
                            int32_t allow_unused, Handle* results) {
    return guarded([&] {
        auto found = torch::autograd::grad(tensors(outputs, output_count), tensors(inputs, input_count),
                                           tensors(gradients, gradient_count), retain_graph != 0,
                                           create_graph != 0, allow_unused != 0);
        for (int i = 0; i < input_count; i++) results[i] = give(found[i]);
    });
}

// Makes outputs the results of a C# function of inputs. The node owns `state` and hands it back through `release`.
LT_API int32_t lt_connect(const char* name, void* state, Backward backward, Release release, Handle* inputs,
                          int32_t input_count, Handle* outputs, int32_t output_count, const int32_t* differentiable,
                          int32_t materialize) {
    return guarded([&] {
        auto node = std::shared_ptr<ManagedNode>(new ManagedNode(name, state, backward, release, materialize != 0),
                                                 torch::autograd::deleteNode);
        torch::autograd::edge_list edges;
        for (int i = 0; i < input_count; i++) {
            bool needed = inputs[i] && inputs[i]->requires_grad();
            edges.push_back(needed ? torch::autograd::impl::gradient_edge(*inputs[i]) : torch::autograd::Edge());
        }
        node->set_next_edges(std::move(edges));
        for (int i = 0; i < output_count; i++) {
            auto slot = node->add_input_metadata(*outputs[i]);
            if (differentiable[i]) torch::autograd::impl::set_gradient_edge(*outputs[i], {node, slot});
        }
    });
}
