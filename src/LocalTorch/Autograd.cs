using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Gradients, and functions whose backward is written in C#.</summary>
    public static partial class autograd
    {
        /// <summary>Gradients of outputs by inputs, without touching any <c>.grad</c>.</summary>
        public static unsafe IList<Tensor> grad(
            IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null,
            bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            var results = new IntPtr[inputs.Count];
            var seeds = Autograd.Handles(grad_outputs ?? new Tensor[outputs.Count]);
            int code;
            fixed (IntPtr* to = results)
                code = Native.lt_gradients(
                    Autograd.Handles(outputs), outputs.Count, Autograd.Handles(inputs), inputs.Count, seeds, seeds.Length,
                    retain_graph || create_graph ? 1 : 0, create_graph ? 1 : 0, allow_unused ? 1 : 0, to);
            Autograd.Check(code);
            GC.KeepAlive((outputs, inputs, grad_outputs));
            return [.. results.Select(handle => handle == 0 ? null! : new Tensor(handle))];
        }

        public static void backward(
            IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null,
            bool create_graph = false, IList<Tensor>? inputs = null)
        {
            var seeds = Autograd.Handles(grad_tensors ?? new Tensor[tensors.Count]);
            int code = Native.lt_backward(
                Autograd.Handles(tensors), tensors.Count, seeds, seeds.Length,
                retain_graph ?? create_graph ? 1 : 0, create_graph ? 1 : 0, Autograd.Handles(inputs ?? []), inputs?.Count ?? 0);
            Autograd.Check(code);
            GC.KeepAlive((tensors, grad_tensors, inputs));
        }

        /// <summary>What a function keeps between its forward and its backward.</summary>
        public sealed class AutogradContext : IDisposable
        {
            private readonly Dictionary<string, object> data = [];
            private List<Tensor> saved = [];

            internal AutogradContext() { }

            /// <summary>Whether the gradient of a result that nobody used arrives as zeros (default) or as null.</summary>
            public bool MaterializeGrads { get; private set; } = true;

            internal HashSet<Tensor> NonDifferentiable { get; } = new(ReferenceEqualityComparer.Instance);

            /// <summary>Keeps tensors, detached, until the backward pass frees them.</summary>
            public void save_for_backward(List<Tensor> tensors)
            {
                foreach (var tensor in saved) tensor.Dispose();
                saved = [.. tensors.Select(tensor =>
                {
                    if (tensor is null) return null!;
                    using var detached = tensor.detach();
                    return detached.AliasUnscoped();
                })];
            }

            public List<Tensor> get_saved_variables() =>
                saved is { } kept ? [.. kept] : throw new InvalidOperationException(
                    "the saved tensors were freed by an earlier backward; pass retain_graph: true to the first one");

            public void save_data(string key, object value) => data[key] = value;
            public object get_data(string key) => data[key];
            public void set_materialize_grads(bool value) => MaterializeGrads = value;
            public void mark_non_differentiable(List<Tensor> tensors) => NonDifferentiable.UnionWith(tensors);

            /// <summary>After a backward that does not retain the graph.</summary>
            internal void Free()
            {
                foreach (var tensor in saved ?? []) tensor?.Dispose();
                saved = null!;
            }

            public void Dispose() => Free();
        }

        public abstract class Function<T>
        {
            /// <summary>The node's name in the graph and in error messages.</summary>
            public abstract string Name { get; }
        }

        /// <summary>A function with one result. <c>backward</c> returns one entry, or null, per argument of <c>forward</c>.</summary>
        public abstract class SingleTensorFunction<T> : Function<T> where T : SingleTensorFunction<T>, new()
        {
            public abstract Tensor forward(AutogradContext ctx, params object[] vars);
            public abstract List<Tensor> backward(AutogradContext ctx, Tensor grad_output);

            public static Tensor apply(params object[] vars)
            {
                var function = new T();
                return Autograd.Apply(function.Name, vars, ctx => [function.forward(ctx, vars)], (ctx, grads) => function.backward(ctx, grads[0]))[0];
            }
        }

        /// <summary>A function with several results.</summary>
        public abstract class MultiTensorFunction<T> : Function<T> where T : MultiTensorFunction<T>, new()
        {
            public abstract List<Tensor> forward(AutogradContext ctx, params object[] vars);
            public abstract List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs);

            public static List<Tensor> apply(params object[] vars)
            {
                var function = new T();
                return Autograd.Apply(function.Name, vars, ctx => function.forward(ctx, vars), function.backward);
            }
        }
    }

    public partial class Tensor
    {
        public void backward() => autograd.backward([this]);

        public void backward(IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false, IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);
    }
}

/// <summary>The meeting point of libtorch's graph nodes and C# functions.</summary>
internal static unsafe class Autograd
{
    [ThreadStatic] private static ExceptionDispatchInfo? pending;

    private sealed record State(
        torch.autograd.AutogradContext Context, Func<torch.autograd.AutogradContext, List<torch.Tensor>, List<torch.Tensor>> Backward, int[] Slots);

    internal static IntPtr[] Handles(IList<torch.Tensor> tensors) => [.. tensors.Select(tensor => tensor?.Handle ?? 0)];

    internal static Exception? TakePendingException()
    {
        var exception = pending;
        pending = null;
        exception?.Throw();
        return null;
    }

    internal static void Check(int code)
    {
        if (code != 0) TakePendingException();
        Native.Check(code);
    }

    internal static List<torch.Tensor> Apply(
        string name, object[] vars,
        Func<torch.autograd.AutogradContext, List<torch.Tensor>> forward,
        Func<torch.autograd.AutogradContext, List<torch.Tensor>, List<torch.Tensor>> backward)
    {
        var context = new torch.autograd.AutogradContext();
        List<torch.Tensor> outputs;
        using (torch.no_grad())
            outputs = forward(context);

        int[] slots = [.. Enumerable.Range(0, vars.Length).Where(i => vars[i] is torch.Tensor)];
        var inputs = slots.Select(i => (torch.Tensor)vars[i]).ToArray();
        if (!torch.is_grad_enabled() || !inputs.Any(input => input.requires_grad))
        {
            context.Free();
            return outputs;
        }
        for (int i = 0; i < outputs.Count; i++)
            if (inputs.Any(input => Native.lt_same(input.Handle, outputs[i].Handle) != 0))
                outputs[i] = outputs[i].alias();  // an input handed through is a new tensor of the graph

        var state = GCHandle.Alloc(new State(context, backward, slots));
        int[] differentiable = [.. outputs.Select(output => output.is_floating_point() && !context.NonDifferentiable.Contains(output) ? 1 : 0)];
        Native.Check(Native.lt_connect(name, GCHandle.ToIntPtr(state), &Backward, &Release, Handles(inputs), inputs.Length, Handles(outputs), outputs.Count, differentiable, context.MaterializeGrads ? 1 : 0));
        GC.KeepAlive((inputs, outputs));
        return outputs;
    }

    // No exception may leave for native code, and an abort by ControlledExecution goes on after any catch; but it waits for the end of a
    // finally block. The optimizer would move the code out of that block.
    [UnmanagedCallersOnly, MethodImpl(MethodImplOptions.NoOptimization)]
    private static int Backward(IntPtr handle, IntPtr* gradients, int count, IntPtr* results, int resultCount)
    {
        int code;
        try { }
        finally
        {
            code = Run((State)GCHandle.FromIntPtr(handle).Target!, new(gradients, count), new(results, resultCount));
        }
        return code;
    }

    [UnmanagedCallersOnly, MethodImpl(MethodImplOptions.NoOptimization)]
    private static void Release(IntPtr handle, int last)
    {
        try { }
        finally
        {
            var owner = GCHandle.FromIntPtr(handle);
            (owner.Target as State)?.Context.Free();
            if (last != 0) owner.Free();
        }
    }

    private static int Run(State state, ReadOnlySpan<IntPtr> gradients, Span<IntPtr> results)
    {
        using var scope = torch.NewDisposeScope();
        try
        {
            var arguments = new List<torch.Tensor>(gradients.Length);
            foreach (var gradient in gradients)
                arguments.Add(gradient == 0 ? null! : new torch.Tensor(gradient));
            var found = state.Backward(state.Context, arguments);
            for (int i = 0; i < results.Length; i++)
                if (state.Slots[i] < found.Count && found[state.Slots[i]] is { } gradient)
                    results[i] = Native.lt_alias(gradient.Handle);
            GC.KeepAlive(found);
            return 0;
        }
        catch (Exception exception)
        {
            pending = ExceptionDispatchInfo.Capture(exception);
            return 1;
        }
    }
}
