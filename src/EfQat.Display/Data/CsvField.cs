using System.Globalization;

namespace Microsoft.Data.Analysis;

/// <summary>A field of a CSV file as a value.</summary>
static class CsvField
{
    /// <summary>The types a column is tried as, narrowest first; any text is a String.</summary>
    public static readonly Type[] Types = [typeof(bool), typeof(int), typeof(long), typeof(double), typeof(string)];

    /// <summary>The value of a field, null for an empty one; false where the field is not of that type.</summary>
    public static bool TryParse(string field, Type type, CultureInfo culture, out object? value)
    {
        value = field.Length == 0 ? null
            : type == typeof(string) ? field
            : type == typeof(bool) ? bool.TryParse(field, out var truth) ? truth : null
            : type == typeof(int) ? Number<int>(field, NumberStyles.AllowLeadingSign, culture)
            : type == typeof(long) ? Number<long>(field, NumberStyles.AllowLeadingSign, culture)
            : type == typeof(float) ? Number<float>(field, NumberStyles.Float, culture)
            : Number<double>(field, NumberStyles.Float, culture);
        return value is not null || field.Length == 0;
    }

    static object? Number<T>(string field, NumberStyles style, CultureInfo culture) where T : struct, System.Numerics.INumber<T> =>
        T.TryParse(field, style, culture, out var number) ? number : null;
}
