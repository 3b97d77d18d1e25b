using System.Reflection;
using TorchSharp.Modules;

namespace EfQat.Quantization;

/// <summary>Replaces modules of a model in place: in the registered components and in the fields that hold them.</summary>
internal static class ModuleTree
{
    /// <param name="root">The model.</param>
    /// <param name="replacement">The module to take the place of another, given its full name; null keeps it.</param>
    internal static void Replace(nn.Module root, Func<string, nn.Module, nn.Module?> replacement)
    {
        if (root is Sequential)
            throw new UserError("Sequential: its own steps cannot be replaced in place; put it into a field of a module of yours");
        Visit(root, "", replacement);
    }

    private static void Visit(nn.Module parent, string prefix, Func<string, nn.Module, nn.Module?> replacement)
    {
        var children = parent.named_children().ToList();
        var changed = new Dictionary<string, nn.Module>();
        foreach (var (name, child) in children)
        {
            if ((replacement(prefix + name, child) ?? Rebuilt(child, prefix + name + ".", replacement)) is { } twin)
                changed[name] = twin;
        }
        if (changed.Count == 0) return;

        // All are registered anew, so that the order of the components stays.
        foreach (var (name, _) in children) parent.register_module(name, null!);
        foreach (var (name, child) in children) parent.register_module(name, changed.GetValueOrDefault(name, child));
        foreach (var field in parent.GetType().GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            if (field.GetValue(parent) is not nn.Module held || children.FirstOrDefault(pair => pair.module == held).name is not { } name || !changed.TryGetValue(name, out var twin))
                continue;
            if (!field.FieldType.IsInstanceOfType(twin))
                throw new UserError(
                    $"{parent.GetType().Name}.{field.Name}: the field's type {field.FieldType.Name} cannot hold a {twin.GetType().Name}; declare it as nn.Module<Tensor, Tensor>");
            field.SetValue(parent, twin);
        }
    }

    /// <summary>A Sequential whose steps changed is built anew; any other module is changed inside.</summary>
    private static nn.Module? Rebuilt(nn.Module module, string prefix, Func<string, nn.Module, nn.Module?> replacement)
    {
        if (module is not Sequential sequence)
        {
            Visit(module, prefix, replacement);
            return null;
        }
        bool any = false;
        var steps = sequence.named_children().Select(child =>
        {
            var twin = replacement(prefix + child.name, child.module) ?? Rebuilt(child.module, prefix + child.name + ".", replacement);
            any |= twin is not null;
            return (child.name, (nn.Module<Tensor, Tensor>)(twin ?? child.module));
        }).ToArray();
        return any ? nn.Sequential(steps) : null;
    }
}
