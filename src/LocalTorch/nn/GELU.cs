namespace TorchSharp.Modules
{
    using static torch;

    /// <summary>x·Φ(x).</summary>
    public sealed class GELU : ParameterLessModule<Tensor, Tensor>
    {
        internal GELU(Approximate approximate) : base(nameof(GELU)) => this.approximate = approximate;

        public enum Approximate { none, tanh }

        public Approximate approximate { get; set; }

        public override Tensor forward(Tensor tensor) => nn.functional.gelu(tensor, approximate);
    }
}

namespace TorchSharp
{
    using TorchSharp.Modules;

    public static partial class torch
    {
        public static partial class nn
        {
            public static GELU GELU() => new(Modules.GELU.Approximate.none);

            public static GELU GELU(GELU.Approximate approximate) => new(approximate);

            public static partial class functional
            {
                public static Tensor gelu(Tensor x) => gelu(x, Modules.GELU.Approximate.none);

                public static Tensor gelu(Tensor x, GELU.Approximate approximate) => NativeOps.One("aten::gelu", x, approximate.ToString());
            }
        }
    }
}
