using System.Collections.ObjectModel;

namespace Microsoft.Data.Analysis;

/// <summary>The columns of a <see cref="DataFrame"/>, left to right: equally long, each name once.</summary>
public sealed class DataFrameColumnCollection : Collection<DataFrameColumn>
{
    internal DataFrameColumnCollection(IEnumerable<DataFrameColumn> columns)
    {
        foreach (var column in columns)
            Add(column);
    }

    /// <summary>A column by name; setting an unknown name adds a column at the right.</summary>
    /// <exception cref="ArgumentException">There is no such column, or the new one has another length.</exception>
    public DataFrameColumn this[string columnName]
    {
        get => IndexOf(columnName) is >= 0 and var index ? this[index]
            : throw new ArgumentException($"no column '{columnName}'; there are: {string.Join(", ", this.Select(c => c.Name))}");
        set
        {
            var column = value.Name == columnName ? value : value.Named(columnName);
            if (IndexOf(columnName) is >= 0 and var index)
                this[index] = column;
            else
                Add(column);
        }
    }

    /// <summary>Where a column stands; -1 where there is none of that name.</summary>
    public int IndexOf(string columnName) => Items.Select(c => c.Name).ToList().IndexOf(columnName);

    /// <summary>Removes a column.</summary>
    public void Remove(string columnName) => Remove(this[columnName]);

    /// <summary>Renames a column.</summary>
    public void RenameColumn(string currentName, string newName)
    {
        var column = this[currentName];
        CheckName(newName);
        column.SetName(newName);
    }

    /// <summary>A column of known type, to enumerate its values: <c>PrimitiveDataFrameColumn&lt;double&gt;</c>.</summary>
    public PrimitiveDataFrameColumn<T> GetPrimitiveColumn<T>(string name) where T : unmanaged => Get<PrimitiveDataFrameColumn<T>>(name);

    /// <summary>A column of 32-bit whole numbers.</summary>
    public Int32DataFrameColumn GetInt32Column(string name) => Get<Int32DataFrameColumn>(name);

    /// <summary>A column of double-precision numbers.</summary>
    public DoubleDataFrameColumn GetDoubleColumn(string name) => Get<DoubleDataFrameColumn>(name);

    /// <summary>A column of texts.</summary>
    public StringDataFrameColumn GetStringColumn(string name) => Get<StringDataFrameColumn>(name);

    /// <inheritdoc/>
    protected override void InsertItem(int index, DataFrameColumn column)
    {
        CheckName(column.Name);
        CheckLength(column, Items);
        base.InsertItem(index, column);
    }

    /// <inheritdoc/>
    protected override void SetItem(int index, DataFrameColumn column)
    {
        if (column.Name != this[index].Name)
            CheckName(column.Name);
        CheckLength(column, Items.Where((_, i) => i != index));
        base.SetItem(index, column);
    }

    TColumn Get<TColumn>(string name) where TColumn : DataFrameColumn => this[name] as TColumn
        ?? throw new ArgumentException($"column '{name}' holds {this[name].DataType.Name}");

    void CheckName(string name)
    {
        if (IndexOf(name) >= 0)
            throw new ArgumentException($"there is already a column '{name}'");
    }

    static void CheckLength(DataFrameColumn column, IEnumerable<DataFrameColumn> others)
    {
        if (others.FirstOrDefault() is { } other && other.Length != column.Length)
            throw new ArgumentException($"column '{column.Name}' has {column.Length} rows; the others have {other.Length}");
    }
}
