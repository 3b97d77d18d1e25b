using System.Collections;

namespace TorchSharp.Modules
{
    /// <summary>Modules one after the other.</summary>
    public class Sequential : torch.nn.Module<torch.Tensor, torch.Tensor>
    {
        private readonly List<torch.nn.Module<torch.Tensor, torch.Tensor>> steps = [];

        protected internal Sequential(params (string name, torch.nn.Module<torch.Tensor, torch.Tensor> submodule)[] modules) : base(nameof(Sequential))
        {
            foreach (var (name, module) in modules)
            {
                register_module(name, module);
                steps.Add(module);
            }
        }

        public int Count => steps.Count;

        public torch.nn.IModule<torch.Tensor, torch.Tensor> this[int index] => steps[index];

        public override torch.Tensor forward(torch.Tensor tensor) => steps.Aggregate(tensor, (x, step) => step.call(x));

        protected override void RegisterComponents() { }
    }

    /// <summary>Modules in a list, named by their positions.</summary>
    public class ModuleList<T> : torch.nn.Module, IReadOnlyList<T> where T : torch.nn.Module
    {
        private readonly List<T> items = [];

        public ModuleList(params T[] modules) : base(nameof(ModuleList<T>))
        {
            foreach (var module in modules) Add(module);
        }

        public int Count => items.Count;

        public T this[int index] => items[index];

        public void Add(T item)
        {
            register_module(items.Count.ToString(), item);
            items.Add(item);
        }

        public IEnumerator<T> GetEnumerator() => items.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        protected override void RegisterComponents() { }
    }
}

namespace TorchSharp
{
    using TorchSharp.Modules;

    public static partial class torch
    {
        public static partial class nn
        {
            public static Sequential Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) => new(modules);

            public static Sequential Sequential(params Module<Tensor, Tensor>[] modules) =>
                new([.. modules.Select((module, i) => (i.ToString(), module))]);

            public static ModuleList<T> ModuleList<T>(params T[] modules) where T : Module => new(modules);
        }
    }
}
