#pragma warning disable CS1591 // the constructors are PrimitiveDataFrameColumn<T>'s

namespace Microsoft.Data.Analysis;

/// <summary>A column of whole numbers of 32 bits.</summary>
public sealed class Int32DataFrameColumn : PrimitiveDataFrameColumn<int>
{
    public Int32DataFrameColumn(string name, IEnumerable<int?> values) : base(name, values) { }

    public Int32DataFrameColumn(string name, IEnumerable<int> values) : base(name, values) { }

    public Int32DataFrameColumn(string name, long length = 0) : base(name, length) { }
}

/// <summary>A column of whole numbers of 64 bits.</summary>
public sealed class Int64DataFrameColumn : PrimitiveDataFrameColumn<long>
{
    public Int64DataFrameColumn(string name, IEnumerable<long?> values) : base(name, values) { }

    public Int64DataFrameColumn(string name, IEnumerable<long> values) : base(name, values) { }

    public Int64DataFrameColumn(string name, long length = 0) : base(name, length) { }
}

/// <summary>A column of single-precision numbers.</summary>
public sealed class SingleDataFrameColumn : PrimitiveDataFrameColumn<float>
{
    public SingleDataFrameColumn(string name, IEnumerable<float?> values) : base(name, values) { }

    public SingleDataFrameColumn(string name, IEnumerable<float> values) : base(name, values) { }

    public SingleDataFrameColumn(string name, long length = 0) : base(name, length) { }
}

/// <summary>A column of double-precision numbers.</summary>
public sealed class DoubleDataFrameColumn : PrimitiveDataFrameColumn<double>
{
    public DoubleDataFrameColumn(string name, IEnumerable<double?> values) : base(name, values) { }

    public DoubleDataFrameColumn(string name, IEnumerable<double> values) : base(name, values) { }

    public DoubleDataFrameColumn(string name, long length = 0) : base(name, length) { }
}

/// <summary>A column of truth values.</summary>
public sealed class BooleanDataFrameColumn : PrimitiveDataFrameColumn<bool>
{
    public BooleanDataFrameColumn(string name, IEnumerable<bool?> values) : base(name, values) { }

    public BooleanDataFrameColumn(string name, IEnumerable<bool> values) : base(name, values) { }

    public BooleanDataFrameColumn(string name, long length = 0) : base(name, length) { }
}
