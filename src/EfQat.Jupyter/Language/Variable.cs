using System.Reflection;

namespace EfQat.Jupyter.Language;

/// <summary>A variable of the notebook, read when asked.</summary>
public sealed class Variable
{
    readonly Func<object?> read;
    readonly Action<object?> write;

    internal Variable(string name, FieldInfo field, object owner)
    {
        (Name, Type) = (name, field.FieldType);
        read = () => field.GetValue(owner);
        write = value => field.SetValue(owner, value);
    }

    internal Variable(string name, Type type, object? value)
    {
        (Name, Type) = (name, type);
        read = () => value;
        write = _ => throw new NotSupportedException();
    }

    /// <summary>As declared.</summary>
    public string Name { get; }

    /// <summary>As declared, not the value's own.</summary>
    public Type Type { get; }

    /// <summary>Now.</summary>
    public object? Value => read();

    internal void Assign(object? value) => write(value);
}
