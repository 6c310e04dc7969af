"""The papers that laws come from, each once."""

from __future__ import annotations

AITKEN = 'Aitken et al. (2017), "Checkerboard artifact free sub-pixel convolution"'
LECUN = 'LeCun et al. (1998), "Efficient BackProp"'
GLOROT = (
    'Glorot & Bengio (2010), "Understanding the difficulty of training deep feedforward neural '
    'networks"'
)
GU = 'Gu et al. (2020), "HiPPO: Recurrent Memory with Optimal Polynomial Projections"'
GU_MAMBA = 'Gu & Dao (2023), "Mamba: Linear-Time Sequence Modeling with Selective State Spaces"'
GU_S4 = 'Gu, Goel & Re (2022), "Efficiently Modeling Long Sequences with Structured State Spaces"'
HE = 'He et al. (2015), "Delving Deep into Rectifiers"'
KLAMBAUER = 'Klambauer et al. (2017), "Self-Normalizing Neural Networks"'
LE = (
    'Le, Jaitly & Hinton (2015), "A Simple Way to Initialize Recurrent Networks of Rectified '
    'Linear Units"'
)
MARTENS = 'Martens (2010), "Deep learning via Hessian-free optimization"'
SAXE = (
    'Saxe, McClelland & Ganguli (2014), "Exact solutions to the nonlinear dynamics of learning in '
    'deep linear neural networks"'
)
SU = 'Su et al. (2021), "RoFormer: Enhanced Transformer with Rotary Position Embedding"'
VASWANI = 'Vaswani et al. (2017), "Attention Is All You Need"'
XIAO = 'Xiao et al. (2018), "Dynamical Isometry and a Mean Field Theory of CNNs"'
ZAGORUYKO = 'Zagoruyko & Komodakis (2017), "DiracNets"'
