using System.Collections;

namespace Microsoft.Data.Analysis;

/// <summary>A column of numbers or truth values.</summary>
public class PrimitiveDataFrameColumn<T> : DataFrameColumn, IEnumerable<T?> where T : unmanaged
{
    readonly List<T?> values;

    /// <summary>A column of values, some of them null.</summary>
    public PrimitiveDataFrameColumn(string name, IEnumerable<T?> values) : base(name) => this.values = [.. values];

    /// <summary>A column of values.</summary>
    public PrimitiveDataFrameColumn(string name, IEnumerable<T> values) : this(name, values.Select(v => (T?)v)) { }

    /// <summary>A column of nulls.</summary>
    public PrimitiveDataFrameColumn(string name, long length = 0) : this(name, Enumerable.Repeat((T?)null, checked((int)length))) { }

    /// <inheritdoc/>
    public override Type DataType => typeof(T);

    /// <inheritdoc/>
    public override long Length => values.Count;

    /// <summary>The value in one row.</summary>
    public new T? this[long rowIndex]
    {
        get => (T?)base[rowIndex];
        set => base[rowIndex] = value;
    }

    /// <summary>Adds a row.</summary>
    public void Append(T? value) => values.Add(value);

    /// <inheritdoc/>
    public new IEnumerator<T?> GetEnumerator() => values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private protected override object? GetValue(int row) => values[row];

    private protected override void SetValue(int row, object? value) => values[row] = (T?)value;

    private protected override void AddValue(object? value) => values.Add((T?)value);
}
