using System.Collections;

namespace Microsoft.Data.Analysis;

/// <summary>A column of texts.</summary>
public sealed class StringDataFrameColumn : DataFrameColumn, IEnumerable<string?>
{
    readonly List<string?> values;

    /// <summary>A column of texts, some of them null.</summary>
    public StringDataFrameColumn(string name, IEnumerable<string?> values) : base(name) => this.values = [.. values];

    /// <summary>A column of nulls.</summary>
    public StringDataFrameColumn(string name, long length = 0) : this(name, Enumerable.Repeat((string?)null, checked((int)length))) { }

    /// <inheritdoc/>
    public override Type DataType => typeof(string);

    /// <inheritdoc/>
    public override long Length => values.Count;

    /// <summary>The text in one row.</summary>
    public new string? this[long rowIndex]
    {
        get => (string?)base[rowIndex];
        set => base[rowIndex] = value;
    }

    /// <summary>Adds a row.</summary>
    public void Append(string? value) => values.Add(value);

    /// <inheritdoc/>
    public new IEnumerator<string?> GetEnumerator() => values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private protected override object? GetValue(int row) => values[row];

    private protected override void SetValue(int row, object? value) => values[row] = (string?)value;

    private protected override void AddValue(object? value) => values.Add((string?)value);
}
