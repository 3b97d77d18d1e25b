namespace TorchSharp.Modules
{
    using static torch;

    /// <summary>A row of the table for each index.</summary>
    public sealed class Embedding : nn.Module<Tensor, Tensor>
    {
        private readonly long padding;

        internal Embedding(long num_embeddings, long embedding_dims, long? padding_idx, Device? device, ScalarType? dtype) : base(nameof(Embedding))
        {
            padding = padding_idx ?? -1;
            weight = new Parameter(empty(num_embeddings, embedding_dims, dtype, device));
            nn.init.normal_(weight);
            if (padding_idx is not null)
            {
                using var off = no_grad();
                using var row = weight.select(0, padding);
                row.zero_();
            }
            register_parameter(nameof(weight), weight);
        }

        public Parameter weight { get; set; }

        public override Tensor forward(Tensor input) => NativeOps.One("aten::embedding", weight, input, padding);

        protected override void RegisterComponents() { }
    }
}

namespace TorchSharp
{
    using TorchSharp.Modules;

    public static partial class torch
    {
        public static partial class nn
        {
            public static Embedding Embedding(
                long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null, double norm_type = 2,
                bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null) =>
                max_norm is null && !scale_grad_by_freq && !sparse
                    ? new(num_embeddings, embedding_dims, padding_idx, device, dtype)
                    : throw new NotSupportedException("LocalTorch's embeddings have no max_norm, scale_grad_by_freq or sparse gradients");
        }
    }
}
