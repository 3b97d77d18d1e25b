namespace EfQat.Jupyter.Language;

/// <summary>A type as C# source writes it.</summary>
static class TypeName
{
    public static string Of(object? value) => Of(value?.GetType() ?? typeof(object));

    /// <summary>The full name; <c>object</c> where a cell may not name the type.</summary>
    public static string Of(Type type)
    {
        if (!type.IsVisible) return "object";
        if (type.IsArray) return $"{Of(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        var arguments = new Queue<Type>(type.GetGenericArguments());
        var nesting = new Stack<Type>();
        for (var t = type; t is not null; t = t.DeclaringType) nesting.Push(t);
        return $"global::{(type.Namespace is { } space ? space + "." : "")}{string.Join('.', nesting.Select(t => Own(t, arguments)))}";
    }

    /// <summary>As a reader knows it: without namespaces.</summary>
    public static string Short(Type type) => type switch
    {
        { IsArray: true } => $"{Short(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]",
        { IsGenericType: true } => $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Short))}>",
        _ => type.Name,
    };

    static string Own(Type type, Queue<Type> arguments)
    {
        if (type.Name.Split('`') is not [var name, var count]) return type.Name;
        return $"{name}<{string.Join(", ", Enumerable.Range(0, int.Parse(count)).Select(_ => Of(arguments.Dequeue())))}>";
    }
}
