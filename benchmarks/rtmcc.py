# RTMPose's head without dropout and position biases, for the configs beside
# this file: they add its sizes, and the codec as its decoder.
simcc_head = dict(
    _delete_=True,
    type='RTMCCHead',
    simcc_split_ratio=2.0,
    loss=dict(
        type='KLDiscretLoss',
        use_target_weight=True,
        beta=10.0,
        label_softmax=True,
    ),
)
gau = dict(
    expansion_factor=2,
    dropout_rate=0.0,
    drop_path=0.0,
    act_fn='SiLU',
    use_rel_bias=False,
    pos_enc=False,
)
