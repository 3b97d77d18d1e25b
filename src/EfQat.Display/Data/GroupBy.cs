namespace Microsoft.Data.Analysis;

/// <summary>
/// Rows that share a key. Each result has the keys in their first column, in order of appearance, and one row a key;
/// without names it covers every column that the operation is defined for.
/// </summary>
public sealed class GroupBy
{
    readonly DataFrame frame;
    readonly DataFrameColumn key;
    readonly IGrouping<object?, long>[] groups;

    internal GroupBy(DataFrame frame, DataFrameColumn key)
    {
        (this.frame, this.key) = (frame, key);
        groups = [.. key.Values.Index().Where(row => row.Item is not null).GroupBy(row => row.Item, row => (long)row.Index)];
    }

    /// <summary>How many values each column has, nulls left out.</summary>
    public DataFrame Count(params string[] columnNames) => Each(columnNames, _ => true, _ => typeof(long), c => c.Length - c.NullCount);

    /// <summary>The first value of each column.</summary>
    public DataFrame First(params string[] columnNames) => Each(columnNames, _ => true, c => c.DataType, c => c[0]);

    /// <summary>The largest value.</summary>
    public DataFrame Max(params string[] columnNames) => Each(columnNames, IsNumber, c => c.DataType, c => c.Max());

    /// <summary>The smallest value.</summary>
    public DataFrame Min(params string[] columnNames) => Each(columnNames, IsNumber, c => c.DataType, c => c.Min());

    /// <summary>The sum, in the column's type.</summary>
    public DataFrame Sum(params string[] columnNames) => Each(columnNames, IsNumber, c => c.DataType, c => c.Sum());

    /// <summary>The mean.</summary>
    public DataFrame Mean(params string[] columnNames) => Each(columnNames, IsNumber, _ => typeof(double), c => c.Mean());

    DataFrame Each(
        string[] names, Func<DataFrameColumn, bool> isDefined, Func<DataFrameColumn, Type> type, Func<DataFrameColumn, object?> value) => new(
        [
            DataFrameColumn.Create(key.Name, key.DataType, groups.Select(g => g.Key)),
            .. (names.Length > 0 ? names.Select(n => frame[n]) : frame.Columns.Where(c => c != key && isDefined(c)))
                .Select(c => DataFrameColumn.Create(c.Name, type(c), groups.Select(g => value(c.Take(g))))),
        ]);

    static bool IsNumber(DataFrameColumn column) => column.IsNumericColumn();
}
