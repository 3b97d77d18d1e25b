using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace LocalTorch.Tests.Api;

/// <summary>Types and members written as in torchsharp-0.107-api.txt; whether a member is virtual is left out.</summary>
internal static class Signature
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(double)] = "double", [typeof(float)] = "float", [typeof(int)] = "int",
        [typeof(long)] = "long", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(void)] = "void",
    };

    /// <summary>What a type itself lets others see; what it overrides is its base's to show.</summary>
    public static IEnumerable<string> Members(Type type) => type.IsEnum ? type.GetEnumNames() : type.GetMembers(Declared).SelectMany(Lines);

    /// <summary>A type's name, nested types after a dot, namespaces left out.</summary>
    public static string Name(Type type)
    {
        if (type.IsGenericParameter) return type.Name;
        if (type.IsByRef) return Name(type.GetElementType()!);
        if (type.IsArray) return Name(type.GetElementType()!) + "[]";
        if (Nullable.GetUnderlyingType(type) is { } value) return Name(value) + "?";
        if (Keywords.TryGetValue(type, out var keyword)) return keyword;
        var arguments = type.GetGenericArguments();
        if (type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true && !arguments.Any(argument => argument.IsGenericParameter))
            return $"({Names(arguments)})";
        var outer = type.DeclaringType is { } declaring ? Name(declaring) + "." : "";
        return outer + type.Name.Split('`')[0] + (type.Name.Contains('`') ? $"<{Names(arguments)}>" : "");
    }

    private static IEnumerable<string> Lines(MemberInfo member) => member switch
    {
        ConstructorInfo { IsStatic: false } made when Access(made) is { } access => [$"{access}new({Parameters(made)})"],
        MethodInfo method when Access(method) is { } access && !IsAccessor(method) && method.GetBaseDefinition() == method => [access + Method(method)],
        FieldInfo field when !field.IsSpecialName && Access(field) is { } access =>
            [$"{access}{(field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}"],
        PropertyInfo { GetMethod: { } getter } property when Access(getter) is { } access && getter.GetBaseDefinition() == getter =>
            [$"{access}{(getter.IsStatic ? "static " : "")}{Name(property.PropertyType)} {PropertyName(property)} {{ get;{(property.SetMethod is { } setter && Access(setter) is not null ? " set;" : "")} }}"],
        _ => [],
    };

    private static bool IsAccessor(MethodInfo method) => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    private static string Method(MethodInfo method) =>
        $"{(method.IsStatic ? "static " : "")}{Name(method.ReturnType)} {method.Name}{(method.IsGenericMethod ? $"<{Names(method.GetGenericArguments())}>" : "")}({Parameters(method)})";

    private static string PropertyName(PropertyInfo property) =>
        property.GetIndexParameters() is { Length: > 0 } indices ? $"this[{string.Join(", ", indices.Select(Parameter))}]" : property.Name;

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var by = parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? "ref " : "";
        return $"{by}{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? $" = {Default(parameter)}" : "")}";
    }

    private static string Default(ParameterInfo parameter) => parameter.DefaultValue switch
    {
        null => parameter.ParameterType.IsValueType && Nullable.GetUnderlyingType(parameter.ParameterType) is null ? "default" : "null",
        bool value => value ? "true" : "false",
        string text => $"\"{text}\"",
        var value => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Names(Type[] types) => string.Join(", ", types.Select(Name));

    private static string? Access(MethodBase method) => method.IsPublic ? "" : method.IsFamily || method.IsFamilyOrAssembly ? "protected " : null;

    private static string? Access(FieldInfo field) => field.IsPublic ? "" : field.IsFamily || field.IsFamilyOrAssembly ? "protected " : null;
}
