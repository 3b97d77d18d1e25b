using System.Collections;

namespace Microsoft.Data.Analysis;

/// <summary>One row of a <see cref="DataFrame"/>; its values follow the frame.</summary>
public sealed class DataFrameRow : IEnumerable<object?>
{
    readonly DataFrame frame;
    readonly long index;

    internal DataFrameRow(DataFrame frame, long index) => (this.frame, this.index) = (frame, index);

    /// <summary>The value in a column given by position.</summary>
    public object? this[int columnIndex]
    {
        get => frame[index, columnIndex];
        set => frame[index, columnIndex] = value;
    }

    /// <summary>The value in a column given by name.</summary>
    public object? this[string columnName]
    {
        get => frame[index, columnName];
        set => frame[index, columnName] = value;
    }

    /// <inheritdoc/>
    public IEnumerator<object?> GetEnumerator() => frame.Columns.Select(c => c[index]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => string.Join(" ", this.Select(DataFrameTable.Text));
}

/// <summary>The rows of a <see cref="DataFrame"/>, top to bottom.</summary>
public sealed class DataFrameRowCollection : IEnumerable<DataFrameRow>
{
    readonly DataFrame frame;

    internal DataFrameRowCollection(DataFrame frame) => this.frame = frame;

    /// <summary>How many there are.</summary>
    public long Count => frame.Columns.FirstOrDefault()?.Length ?? 0;

    /// <summary>One row.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public DataFrameRow this[long index] => index >= 0 && index < Count ? new(frame, index)
        : throw new ArgumentOutOfRangeException(nameof(index), $"row {index} of a frame of {Count} rows");

    /// <inheritdoc/>
    public IEnumerator<DataFrameRow> GetEnumerator()
    {
        for (var i = 0L; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
