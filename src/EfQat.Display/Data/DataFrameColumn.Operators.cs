namespace Microsoft.Data.Analysis;

/// <summary>Arithmetic and comparisons row by row; a null on either side gives null, and false where compared.</summary>
public abstract partial class DataFrameColumn
{
    /// <summary>A number beside a column stands for itself in every row.</summary>
    public static implicit operator DataFrameColumn(int value) => new Int32DataFrameColumn("", [value]);

    /// <inheritdoc cref="op_Implicit(int)"/>
    public static implicit operator DataFrameColumn(long value) => new Int64DataFrameColumn("", [value]);

    /// <inheritdoc cref="op_Implicit(int)"/>
    public static implicit operator DataFrameColumn(float value) => new SingleDataFrameColumn("", [value]);

    /// <inheritdoc cref="op_Implicit(int)"/>
    public static implicit operator DataFrameColumn(double value) => new DoubleDataFrameColumn("", [value]);

    /// <summary>The sum, in the wider of the two types.</summary>
    public static DataFrameColumn operator +(DataFrameColumn left, DataFrameColumn right) => ColumnArithmetic.Apply(left, '+', right);

    /// <summary>The difference, in the wider of the two types.</summary>
    public static DataFrameColumn operator -(DataFrameColumn left, DataFrameColumn right) => ColumnArithmetic.Apply(left, '-', right);

    /// <summary>The product, in the wider of the two types.</summary>
    public static DataFrameColumn operator *(DataFrameColumn left, DataFrameColumn right) => ColumnArithmetic.Apply(left, '*', right);

    /// <summary>The quotient, in the wider of the two types: whole between whole numbers, as in C#.</summary>
    public static DataFrameColumn operator /(DataFrameColumn left, DataFrameColumn right) => ColumnArithmetic.Apply(left, '/', right);

    /// <summary>The remainder, in the wider of the two types.</summary>
    public static DataFrameColumn operator %(DataFrameColumn left, DataFrameColumn right) => ColumnArithmetic.Apply(left, '%', right);

    /// <summary>Rows where both are true.</summary>
    public static PrimitiveDataFrameColumn<bool> operator &(DataFrameColumn left, DataFrameColumn right) => left.And(right);

    /// <summary>Rows where either is true.</summary>
    public static PrimitiveDataFrameColumn<bool> operator |(DataFrameColumn left, DataFrameColumn right) => left.Or(right);

    /// <summary>Rows where both are true.</summary>
    public PrimitiveDataFrameColumn<bool> And(DataFrameColumn column) => ColumnArithmetic.Combine(this, column, (a, b) => a & b);

    /// <summary>Rows where either is true.</summary>
    public PrimitiveDataFrameColumn<bool> Or(DataFrameColumn column) => ColumnArithmetic.Combine(this, column, (a, b) => a | b);

    /// <summary>Rows equal to a value, or to another column's row.</summary>
    public PrimitiveDataFrameColumn<bool> ElementwiseEquals(object? other) => ColumnArithmetic.Compare(this, other, c => c == 0);

    /// <summary>Rows not equal to a value, or to another column's row.</summary>
    public PrimitiveDataFrameColumn<bool> ElementwiseNotEquals(object? other) => ColumnArithmetic.Compare(this, other, c => c != 0);

    /// <summary>Rows above a value, or above another column's row.</summary>
    public PrimitiveDataFrameColumn<bool> ElementwiseGreaterThan(object? other) => ColumnArithmetic.Compare(this, other, c => c > 0);

    /// <summary>Rows at or above a value, or another column's row.</summary>
    public PrimitiveDataFrameColumn<bool> ElementwiseGreaterThanOrEqual(object? other) => ColumnArithmetic.Compare(this, other, c => c >= 0);

    /// <summary>Rows below a value, or below another column's row.</summary>
    public PrimitiveDataFrameColumn<bool> ElementwiseLessThan(object? other) => ColumnArithmetic.Compare(this, other, c => c < 0);

    /// <summary>Rows at or below a value, or another column's row.</summary>
    public PrimitiveDataFrameColumn<bool> ElementwiseLessThanOrEqual(object? other) => ColumnArithmetic.Compare(this, other, c => c <= 0);

    /// <summary>Rows that are null.</summary>
    public PrimitiveDataFrameColumn<bool> ElementwiseIsNull() => new BooleanDataFrameColumn(Name, Values.Select(v => v is null));

    /// <summary>Rows that are not null.</summary>
    public PrimitiveDataFrameColumn<bool> ElementwiseIsNotNull() => new BooleanDataFrameColumn(Name, Values.Select(v => v is not null));
}
