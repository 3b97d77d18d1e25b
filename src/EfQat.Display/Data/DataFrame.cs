namespace Microsoft.Data.Analysis;

/// <summary>
/// A table of typed columns with names. Namespace, names and parameters are those of the package Microsoft.Data.Analysis as far as notebooks
/// use them, so that a cell reads the same with that package.
/// </summary>
public sealed partial class DataFrame
{
    /// <summary>A table of these columns.</summary>
    /// <exception cref="ArgumentException">They differ in length, or two have one name.</exception>
    public DataFrame(IEnumerable<DataFrameColumn> columns)
    {
        Columns = new(columns);
        Rows = new(this);
    }

    /// <inheritdoc cref="DataFrame(IEnumerable{DataFrameColumn})"/>
    public DataFrame(params DataFrameColumn[] columns) : this(columns.AsEnumerable()) { }

    /// <summary>The columns, left to right.</summary>
    public DataFrameColumnCollection Columns { get; }

    /// <summary>The rows, top to bottom.</summary>
    public DataFrameRowCollection Rows { get; }

    /// <summary>A column by name; setting an unknown name adds a column at the right.</summary>
    public DataFrameColumn this[string columnName]
    {
        get => Columns[columnName];
        set => Columns[columnName] = value;
    }

    /// <summary>One value, by row and position of the column.</summary>
    public object? this[long rowIndex, int columnIndex]
    {
        get => Columns[columnIndex][rowIndex];
        set => Columns[columnIndex][rowIndex] = value;
    }

    /// <summary>One value, by row and name of the column.</summary>
    public object? this[long rowIndex, string columnName]
    {
        get => Columns[columnName][rowIndex];
        set => Columns[columnName][rowIndex] = value;
    }

    /// <summary>The rows where <paramref name="filter"/> is true.</summary>
    public DataFrame Filter(PrimitiveDataFrameColumn<bool> filter) => filter.Length == Rows.Count
        ? Take(filter.Index().Where(row => row.Item == true).Select(row => (long)row.Index))
        : throw new ArgumentException($"the filter has {filter.Length} rows; the frame has {Rows.Count}", nameof(filter));

    /// <summary>The rows at these positions, in this order.</summary>
    public DataFrame Filter(PrimitiveDataFrameColumn<int> rowIndices) => Take(rowIndices.OfType<int>().Select(i => (long)i));

    /// <summary>The rows by rising values of a column; nulls and NaN last, equal rows in their old order.</summary>
    public DataFrame OrderBy(string columnName) => Take(Columns[columnName].Order(ascending: true));

    /// <summary>The rows by falling values of a column; nulls and NaN last, equal rows in their old order.</summary>
    public DataFrame OrderByDescending(string columnName) => Take(Columns[columnName].Order(ascending: false));

    /// <summary>The rows that share a value of a column, to be counted, summed or averaged; rows where it is null are left out.</summary>
    public GroupBy GroupBy(string columnName) => new(this, Columns[columnName]);

    /// <summary>The first rows.</summary>
    public DataFrame Head(int numberOfRows) => Take(Indices.Take(numberOfRows));

    /// <summary>The last rows.</summary>
    public DataFrame Tail(int numberOfRows) => Take(Indices.TakeLast(numberOfRows));

    /// <summary>The rows without any null.</summary>
    public DataFrame DropNulls() => Take(Indices.Where(row => Columns.All(c => c[row] is not null)));

    /// <summary>A copy.</summary>
    public DataFrame Clone() => Take(Indices);

    /// <summary>Length without nulls, maximum, minimum and mean of every column of numbers.</summary>
    public DataFrame Description() => new(
        [
            new StringDataFrameColumn(nameof(Description), ["Length (excluding null values)", "Max", "Min", "Mean"]),
            .. Columns.Where(c => c.IsNumericColumn())
                .Select(c => DataFrameColumn.Create(c.Name, typeof(double), [c.Length - c.NullCount, c.Max(), c.Min(), c.Mean()])),
        ]);

    /// <summary>This frame, or a copy of it, with one more row.</summary>
    /// <param name="row">A value for each column.</param>
    /// <param name="inPlace">Whether to change this frame.</param>
    /// <exception cref="ArgumentException">There are more or fewer values than columns, or one has another type; nothing is added.</exception>
    public DataFrame Append(IEnumerable<object?> row, bool inPlace = false)
    {
        object?[] values = [.. row];
        if (values.Length != Columns.Count)
            throw new ArgumentException($"the row has {values.Length} values; the columns are {string.Join(", ", Columns.Select(c => c.Name))}");
        DataFrameColumn[] cells = [.. Columns.Select((c, i) => DataFrameColumn.Create(c.Name, c.DataType, [values[i]]))];
        var frame = inPlace ? this : Clone();
        foreach (var (i, cell) in cells.Index())
            frame.Columns[i].Add(cell[0]);
        return frame;
    }

    /// <summary>This frame, or a copy of it, with more rows.</summary>
    public DataFrame Append(IEnumerable<DataFrameRow> rows, bool inPlace = false)
    {
        DataFrameRow[] added = [.. rows];
        return added.Aggregate(inPlace ? this : Clone(), (frame, row) => frame.Append((IEnumerable<object?>)row, inPlace: true));
    }

    internal DataFrame Take(IEnumerable<long> rows)
    {
        long[] taken = [.. rows];
        return new(Columns.Select(c => c.Take(taken)));
    }

    IEnumerable<long> Indices
    {
        get
        {
            for (var i = 0L; i < Rows.Count; i++)
                yield return i;
        }
    }
}
