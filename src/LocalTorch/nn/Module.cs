using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public interface IModule<in T, out TResult>
        {
            TResult call(T input1);
        }

        /// <summary>A node in the tree of a model: parameters, buffers and submodules by name.</summary>
        public partial class Module : IDisposable
        {
            private readonly string name;
            private bool registered;

            protected Module(string name) => this.name = name;

            internal OrderedDictionary<string, Parameter> _internal_params { get; } = [];
            internal OrderedDictionary<string, (Tensor, bool)> _internal_buffers { get; } = [];
            internal OrderedDictionary<string, Module> _internal_submodules { get; } = [];

            public bool training { get; private set; } = true;

            public virtual string GetName() => name;

            /// <summary>Every field that is a module, a parameter or a tensor becomes a component of the field's name.</summary>
            protected virtual void RegisterComponents()
            {
                if (registered) return;
                registered = true;
                foreach (var field in GetType().GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
                {
                    switch (field.GetValue(this))
                    {
                        case Module module: register_module(field.Name, module); break;
                        case Parameter parameter: register_parameter(field.Name, parameter); break;
                        case Tensor buffer: register_buffer(field.Name, buffer); break;
                    }
                }
            }

            /// <summary>Adds a submodule; null takes the one of that name away.</summary>
            public virtual void register_module(string name, Module submodule)
            {
                if (submodule is null) _internal_submodules.Remove(name);
                else _internal_submodules.Add(Checked(name), submodule);
            }

            public void add_module(string name, Module module) => register_module(name, module);

            public virtual void register_parameter(string name, Parameter param)
            {
                if (param is null) _internal_params.Remove(name);
                else _internal_params.Add(Checked(name), (Parameter)param.DetachFromDisposeScope());
            }

            public virtual void register_buffer(string name, Tensor tensor, bool persistent = true) =>
                _internal_buffers.Add(Checked(name), (tensor.DetachFromDisposeScope(), persistent));

            public virtual IEnumerable<(string name, Module module)> named_children() => _internal_submodules.Select(pair => (pair.Key, pair.Value));

            public virtual IEnumerable<Module> children() => _internal_submodules.Values;

            /// <summary>All submodules at any depth, without this module itself.</summary>
            public virtual IEnumerable<(string name, Module module)> named_modules() =>
                named_children().SelectMany(child => child.module.named_modules().Select(inner => ($"{child.name}.{inner.name}", inner.module)).Prepend(child));

            public virtual IEnumerable<Module> modules() => named_modules().Select(pair => pair.module).Prepend(this);

            public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) =>
                _internal_params.Select(pair => (pair.Key, pair.Value)).Concat(recurse
                    ? named_children().SelectMany(child => child.module.named_parameters().Select(p => ($"{child.name}.{p.name}", p.parameter)))
                    : []);

            public virtual IEnumerable<Parameter> parameters(bool recurse = true) => named_parameters(recurse).Select(pair => pair.parameter);

            public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true, bool include_nonpersistent = true) =>
                _internal_buffers.Where(pair => include_nonpersistent || pair.Value.Item2).Select(pair => (pair.Key, pair.Value.Item1)).Concat(recurse
                    ? named_children().SelectMany(child => child.module.named_buffers(true, include_nonpersistent).Select(b => ($"{child.name}.{b.name}", b.buffer)))
                    : []);

            public virtual IEnumerable<Tensor> buffers(bool recurse = true, bool include_nonpersistent = true) =>
                named_buffers(recurse, include_nonpersistent).Select(pair => pair.buffer);

            public virtual Parameter? get_parameter(string target) => named_parameters().FirstOrDefault(pair => pair.name == target).parameter;

            public virtual Tensor? get_buffer(string target) => named_buffers().FirstOrDefault(pair => pair.name == target).buffer;

            public virtual bool has_parameter(string target) => get_parameter(target) is not null;

            public virtual bool has_buffer(string target) => get_buffer(target) is not null;

            public virtual void train(bool train = true)
            {
                training = train;
                foreach (var child in children()) child.train(train);
            }

            public virtual void eval() => train(false);

            public virtual void zero_grad(bool set_to_none = true)
            {
                foreach (var parameter in parameters())
                {
                    if (set_to_none) parameter.grad = null;
                    else parameter.grad?.zero_();
                }
            }

            public virtual Module apply(Action<Module> fn)
            {
                foreach (var child in children()) child.apply(fn);
                fn(this);
                return this;
            }

            /// <summary>Parameters and persistent buffers by their full names; the tensors themselves, not copies.</summary>
            public virtual Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
            {
                destination ??= [];
                string before = string.IsNullOrEmpty(prefix) ? "" : prefix + ".";
                foreach (var (key, parameter) in named_parameters()) destination[before + key] = parameter;
                foreach (var (key, buffer) in named_buffers(include_nonpersistent: false)) destination[before + key] = buffer;
                return destination;
            }

            /// <summary>Copies values in; strict: an unknown or missing name is an error that lists them.</summary>
            public virtual (IList<string> missing_keys, IList<string> unexpected_keys) load_state_dict(
                Dictionary<string, Tensor> source, bool strict = true, IList<string>? skip = null)
            {
                var own = state_dict();
                skip ??= [];
                List<string> missing = [.. own.Keys.Except(source.Keys).Except(skip)];
                List<string> unexpected = [.. source.Keys.Except(own.Keys).Except(skip)];
                if (strict && missing.Count + unexpected.Count > 0)
                    throw new InvalidOperationException(
                        $"the state does not fit {GetName()}: missing [{string.Join(", ", missing)}], unexpected [{string.Join(", ", unexpected)}]");
                using var off = no_grad();
                foreach (var (key, target) in own)
                {
                    if (skip.Contains(key) || !source.TryGetValue(key, out var value)) continue;
                    if (!target.shape.SequenceEqual(value.shape))
                        throw new InvalidOperationException(
                            $"{key} has shape [{string.Join(", ", value.shape)}], {GetName()} expects [{string.Join(", ", target.shape)}]");
                    target.copy_(value);
                }
                return (missing, unexpected);
            }

            /// <summary>Moves or converts every parameter and floating-point buffer in place, so that optimizers keep theirs.</summary>
            internal void Convert(Func<Tensor, Tensor> conversion)
            {
                using var off = no_grad();
                foreach (var tensor in parameters().Concat(buffers()))
                {
                    using var scope = NewDisposeScope();
                    if (tensor.grad is { } grad) tensor.grad = conversion(grad);
                    tensor.SetData(conversion(tensor.detach()));
                }
            }

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing)
            {
                if (!disposing) return;
                foreach (var parameter in _internal_params.Values) parameter.Dispose();
                foreach (var (buffer, _) in _internal_buffers.Values) buffer.Dispose();
                foreach (var module in _internal_submodules.Values) module.Dispose();
            }

            private string Checked(string component) => component.Length > 0 && !component.Contains('.')
                ? component
                : throw new ArgumentException($"'{component}' cannot name a component: it is empty or holds a dot", nameof(component));
        }

        public abstract class Module<T, TResult>(string name) : Module(name), IModule<T, TResult>
        {
            public abstract TResult forward(T input);
            public virtual TResult call(T input) => forward(input);
        }

        public abstract class Module<T1, T2, TResult>(string name) : Module(name)
        {
            public abstract TResult forward(T1 input1, T2 input2);
            public virtual TResult call(T1 input1, T2 input2) => forward(input1, input2);
        }
    }
}

public static class ModuleExtensionMethods
{
    /// <summary>Moves a model to a device.</summary>
    public static T to<T>(this T module, torch.Device device, bool non_blocking = false) where T : torch.nn.Module
    {
        module.Convert(tensor => tensor.to(device));
        return module;
    }

    /// <summary>Converts a model's floating-point tensors.</summary>
    public static T to<T>(this T module, torch.ScalarType type, bool non_blocking = false) where T : torch.nn.Module
    {
        module.Convert(tensor => tensor.is_floating_point() ? tensor.to(type) : tensor);
        return module;
    }
}
