using System.Globalization;
using Microsoft.Data.Analysis;

namespace EfQat.Display;

/// <summary>From result records to a table.</summary>
public static class Records
{
    /// <summary>One row a record, one column a public property: numbers and truth values as such, all else as text.</summary>
    public static DataFrame ToDataFrame<T>(this IEnumerable<T> rows)
    {
        T[] records = [.. rows];
        return new(typeof(T).GetProperties().Where(p => p.GetIndexParameters().Length == 0).Select(property =>
        {
            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            var column = ColumnType(type);
            return DataFrameColumn.Create(property.Name, column, records.Select(record => property.GetValue(record)).Select(value =>
                column == typeof(string) ? Convert.ToString(value, CultureInfo.InvariantCulture) : value));
        }));
    }

    static Type ColumnType(Type type) => type.IsEnum ? typeof(string) : Type.GetTypeCode(type) switch
    {
        TypeCode.Boolean => typeof(bool),
        TypeCode.Byte or TypeCode.SByte or TypeCode.Int16 or TypeCode.UInt16 or TypeCode.Int32 => typeof(int),
        TypeCode.UInt32 or TypeCode.Int64 => typeof(long),
        TypeCode.Single => typeof(float),
        TypeCode.UInt64 or TypeCode.Double or TypeCode.Decimal => typeof(double),
        _ => typeof(string),
    };
}
